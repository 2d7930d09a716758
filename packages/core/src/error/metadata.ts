/**
 * What goes along with a call or an error besides its message: values by key, as gRPC's metadata. A text or bytes each;
 * 16 KiB in all by default (limit "metadata").
 */
export type Metadata = { readonly [key: string]: string | Uint8Array };

/** What goes along where nothing does. */
export const NO_METADATA: Metadata = Object.freeze(Object.create(null));
