import { bodyTarget, itemsTarget } from './body-targets.ts';
import { DECODERS } from './decoders.ts';
import { descriptionTarget } from './description-target.ts';
import { framesTarget } from './frames-target.ts';
import { errorTarget, fieldsTarget, helloTarget, metadataTarget } from './map-targets.ts';
import { peerTarget } from './peer-target.ts';
import { prefaceTarget } from './preface-target.ts';
import { sessionTarget } from './session-target.ts';
import { strangerTarget } from './stranger-target.ts';
import type { Target } from './target.ts';

/** All that takes a peer's bytes. */
export const TARGETS: readonly Target[] = [
  bodyTarget(DECODERS),
  itemsTarget(DECODERS),
  helloTarget(DECODERS),
  metadataTarget(DECODERS),
  errorTarget,
  fieldsTarget,
  prefaceTarget,
  framesTarget,
  descriptionTarget(DECODERS),
  sessionTarget(),
  strangerTarget(),
  peerTarget,
];
