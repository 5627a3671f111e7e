// Client-side encryption: what is marked as secret leaves the process encrypted and is decrypted when it comes in.

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { isObject, parse, stringify } from "./json.js";

/** The only key of an object that stands for an encrypted value. */
export const MARKER = "$mistral.encrypted";

const ALGORITHM = "A256GCM";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TAG_BYTES = 16;
const IV_BYTES = 12;

/** An encrypted value as it stands under the key `$mistral.encrypted`. */
export interface Sealed {
  alg: string;
  kid: string;
  iv: string;
  data: string;
}

/** Encrypts and decrypts JSON texts of values. Its errors must not contain what was encrypted. */
export interface Codec {
  encrypt(plaintext: string): Sealed;
  decrypt(sealed: Sealed): string;
}

/** A codec of AES-256 in Galois/counter mode with keys by id: it encrypts with one and decrypts with all. */
export class Keyring implements Codec {
  readonly #current: string;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  constructor(current: string, keys: Record<string, Uint8Array>) {
    for (const [id, key] of Object.entries(keys)) {
      if (key.length !== 32) {
        throw new RangeError(`key "${id}" has ${key.length} bytes, 32 are needed`);
      }
    }
    this.#keys = new Map(Object.entries(keys));
    this.#current = current;
    if (!this.#keys.has(current)) {
      throw new RangeError(`there is no key with the id "${current}"`);
    }
  }

  /** Reads MISTRAL_CODEC_KEYS (`id=base64,id=base64`) and MISTRAL_CODEC_KID, the id to encrypt with; undefined without keys. */
  static fromEnvironment(environment: NodeJS.ProcessEnv = process.env): Keyring | undefined {
    const text = environment["MISTRAL_CODEC_KEYS"];
    if (!text) {
      return undefined;
    }
    const keys = text.split(",").map((pair) => {
      const [, id, key] = /^\s*([^=]+)=(.+?)\s*$/.exec(pair) ?? [];
      if (id === undefined || key === undefined || !BASE64.test(key)) {
        throw new RangeError("MISTRAL_CODEC_KEYS must be id=base64,id=base64");
      }
      return [id, Buffer.from(key, "base64")] as const;
    });
    return new Keyring(environment["MISTRAL_CODEC_KID"] || keys[0]![0], Object.fromEntries(keys));
  }

  encrypt(plaintext: string): Sealed {
    return this.seal(this.#current, randomBytes(IV_BYTES), plaintext);
  }

  /** Encrypts under a given iv, which must never be used twice with a key; {@link encrypt} chooses one. */
  seal(kid: string, iv: Uint8Array, plaintext: string): Sealed {
    const cipher = createCipheriv("aes-256-gcm", this.#keys.get(kid)!, iv);
    cipher.setAAD(Buffer.from(kid));
    const data = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return { alg: ALGORITHM, kid, iv: Buffer.from(iv).toString("base64"), data: data.toString("base64") };
  }

  decrypt(sealed: Sealed): string {
    if (sealed.alg !== ALGORITHM) {
      throw new Error(`unknown algorithm "${sealed.alg}" of an encrypted value`);
    }
    const key = this.#keys.get(sealed.kid);
    if (key === undefined) {
      throw new Error(`no key with the id "${sealed.kid}" to decrypt a value`);
    }
    const [iv, data] = [decoded(sealed.iv), decoded(sealed.data)];
    if (iv?.length !== IV_BYTES || data === undefined || data.length < TAG_BYTES) {
      throw new Error(`an encrypted value of key "${sealed.kid}" is malformed`);
    }
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(sealed.kid)).setAuthTag(data.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
    } catch {
      throw new Error(`a value of key "${sealed.kid}" cannot be decrypted`);
    }
  }
}

function decoded(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
}

/** Reads a JSON text and decrypts every encrypted value in it. Without a codec they stay as they are. */
export function opened(codec: Codec | undefined, text: string): unknown {
  const value = parse(text);
  return codec === undefined || !text.includes(MARKER) ? value : openedValue(codec, value);
}

function openedValue(codec: Codec, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => openedValue(codec, item));
  }
  if (!isObject(value)) {
    return value;
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === MARKER) {
    return parse(codec.decrypt(checked(value[MARKER])));
  }
  return Object.fromEntries(keys.map((key) => [key, openedValue(codec, value[key])]));
}

function checked(value: unknown): Sealed {
  if (isObject(value) && ["alg", "kid", "iv", "data"].every((key) => typeof value[key] === "string")) {
    return value as unknown as Sealed;
  }
  throw new Error("an encrypted value is malformed");
}

/** Encrypts fields of an object, each named by the way to it, such as `card.number`; those that are not there are passed over. */
export function sealed(codec: Codec | undefined, value: unknown, fields: readonly string[]): unknown {
  if (fields.length > 0 && codec === undefined) {
    throw new Error("a value is marked as secret and there is no codec to encrypt it with");
  }
  return fields.reduce((result, field) => sealedField(codec!, result, field.split(".")), value);
}

function sealedField(codec: Codec, value: unknown, way: readonly string[]): unknown {
  const [key, ...rest] = way;
  if (key === undefined) {
    return { [MARKER]: codec.encrypt(stringify(value)) };
  }
  if (value === null || value === undefined) {
    return value;
  }
  if (!isObject(value)) {
    throw new Error(`"${way.join(".")}" is marked as secret and is no field of an object`);
  }
  return key in value ? { ...value, [key]: sealedField(codec, value[key], rest) } : value;
}
