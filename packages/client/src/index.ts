export {
  type ClientOf,
  type CloseOptions,
  type ConnectOptions,
  type Contract,
  close,
  connect,
  ready,
} from './connect.ts';
