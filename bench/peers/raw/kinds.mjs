import { BlobReader, sendBlobs } from './blobs.mjs';
import { Caller } from './caller.mjs';
import { echo } from './echo.mjs';
import { changeRows, RowClient, sendRows } from './rows.mjs';

/** What the two ends of a connection do for each kind of load. */
export const KINDS = {
  calls: { accept: echo, Client: Caller },
  stream: { accept: sendRows, Client: RowClient },
  'both-ways': { accept: changeRows, Client: RowClient },
  binary: { accept: sendBlobs, Client: BlobReader },
  bulk: { accept: sendBlobs, Client: BlobReader },
  'calls-during-bulk': { accept: sendBlobs, Client: BlobReader },
};
