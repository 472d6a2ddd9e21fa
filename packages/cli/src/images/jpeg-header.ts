/** What stands before the pixels of a JPEG. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Identifiers of the components: 1, 2, 3 as a rule. */
  readonly components: readonly number[];
  /** Number of the frame header, `SOF0` (baseline) to `SOF15`. */
  readonly frame: number;
  /** How colours are coded, where Adobe's segment says it: 0 as they are, 1 YCbCr, 2 YCCK. */
  readonly adobeTransform?: number;
  /** How the picture is to be turned, 1 to 8 as in EXIF. */
  readonly orientation: number;
}

const SOI = 0xd8;
const SOS = 0xda;
const EOI = 0xd9;
/** Markers from 0xC0 to 0xCF that do not begin a frame: DHT, JPG, DAC. */
const noFrames = [0xc4, 0xc8, 0xcc];

/**
 * Reads the segments before the first scan (ITU T.81, annex B; Exif 2.32, 4.6).
 *
 * @returns `undefined` where no frame is described before the pixels begin.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Omit<JpegHeader, 'orientation' | 'adobeTransform'> | undefined;
  let adobeTransform: number | undefined;
  let orientation = 1;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    // Any number of 0xFF may fill the room before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === SOS || marker === EOI) break;
    if (marker === SOI || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    const segment = bytes.subarray(at + 4, at + 2 + view.getUint16(at + 2));
    if (marker >= 0xc0 && marker <= 0xcf && !noFrames.includes(marker)) {
      if (segment.length < 6 + 3 * (segment[5] ?? 0)) return undefined;
      frame = {
        frame: marker - 0xc0,
        precision: segment[0],
        height: (segment[1] << 8) | segment[2],
        width: (segment[3] << 8) | segment[4],
        components: Array.from({ length: segment[5] }, (_, i) => segment[6 + 3 * i]),
      };
    } else if (marker === 0xe1 && text(segment, 0, 6) === 'Exif\0\0')
      orientation = exifOrientation(segment.subarray(6));
    else if (marker === 0xee && text(segment, 0, 5) === 'Adobe') adobeTransform = segment[11];
    at += 2 + view.getUint16(at + 2);
  }
  return frame && { ...frame, adobeTransform, orientation };
}

/** Tag 0x0112 of the first directory of EXIF's TIFF; 1 where there is none. */
function exifOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = text(tiff, 0, 2) === 'II';
  if (tiff.length < 8 || (!little && text(tiff, 0, 2) !== 'MM')) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 1;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
