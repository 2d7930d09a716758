/**
 * Who the process at the other end was when the connection was made, as the kernel tells. What it has become since, or
 * whom it has given its end to, does not change it. A server that was handed its listening socket is, to its clients,
 * the process that began to listen.
 */
export interface Credentials {
  /**
   * Its process id, for people to read; undefined where it is out of this process's sight, in another container say. It
   * admits nobody to anything: the process may be gone, and its number another's.
   */
  readonly pid: number | undefined;
  /** Its effective user id. To a process in a container all users whom that does not map are one, mostly 65534. */
  readonly uid: number;
  /** Its effective group id. The further groups that its user is in are not told. */
  readonly gid: number;
}
