package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** AES-256-GCM with keys by id: one encrypts, all of them decrypt, so that keys can be changed over time. */
public final class AesGcmCodec implements Codec {
    private static final String ALGORITHM = "A256GCM";
    private static final int KEY_BYTES = 32;
    private static final int IV_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final Map<String, SecretKeySpec> keys = new HashMap<>();
    private final String current;
    private final SecureRandom chance = new SecureRandom();

    /**
     * With keys of 32 bytes.
     *
     * @param keys by their ids
     * @param current id of the one that encrypts
     */
    public AesGcmCodec(Map<String, byte[]> keys, String current) {
        if (!keys.containsKey(current)) {
            throw new IllegalArgumentException("there is no key of the id '" + current + "' to encrypt with");
        }
        keys.forEach((id, key) -> {
            if (key.length != KEY_BYTES) {
                throw new IllegalArgumentException("the key '" + id + "' has " + key.length + " bytes and needs 32");
            }
            this.keys.put(id, new SecretKeySpec(key, "AES"));
        });
        this.current = current;
    }

    /** Reads {@code id=base64,id=base64}. */
    public static AesGcmCodec parse(String keys, String current) {
        Map<String, byte[]> read = new HashMap<>();
        for (String pair : keys.split(",")) {
            int at = pair.indexOf('=');
            if (at < 1) {
                throw new IllegalArgumentException("keys are written as id=base64, with a comma between");
            }
            read.put(pair.substring(0, at).strip(), Base64.getDecoder().decode(pair.substring(at + 1).strip()));
        }
        return new AesGcmCodec(read, current);
    }

    @Override
    public JsonObject encrypt(JsonElement value) {
        byte[] iv = new byte[IV_BYTES];
        chance.nextBytes(iv);
        return encrypt(Json.bytes(value), current, iv);
    }

    JsonObject encrypt(byte[] plain, String id, byte[] iv) {
        try {
            JsonObject box = new JsonObject();
            box.addProperty("alg", ALGORITHM);
            box.addProperty("kid", id);
            box.addProperty("iv", Base64.getEncoder().encodeToString(iv));
            byte[] data = cipher(Cipher.ENCRYPT_MODE, id, iv).doFinal(plain);
            box.addProperty("data", Base64.getEncoder().encodeToString(data));
            JsonObject sealed = new JsonObject();
            sealed.add(Sealing.MARK, box);
            return sealed;
        } catch (GeneralSecurityException fault) {
            throw new IllegalStateException("this Java cannot encrypt with AES-GCM", fault);
        }
    }

    @Override
    public JsonElement decrypt(JsonObject sealed) {
        if (!(sealed.get(Sealing.MARK) instanceof JsonObject box)) {
            throw new IllegalArgumentException("what stands for an encrypted value is no object");
        }
        if (!ALGORITHM.equals(text(box, "alg"))) {
            throw new IllegalArgumentException("an encrypted value has an algorithm that is not " + ALGORITHM);
        }
        String id = text(box, "kid");
        if (!keys.containsKey(id)) {
            throw new IllegalArgumentException("there is no key of the id '" + id + "'");
        }
        byte[] iv = decoded(box, "iv");
        byte[] data = decoded(box, "data");
        if (iv.length != IV_BYTES) {
            throw new IllegalArgumentException("the iv of an encrypted value does not have 12 bytes");
        }
        try {
            byte[] plain = cipher(Cipher.DECRYPT_MODE, id, iv).doFinal(data);
            return Json.parse(new String(plain, StandardCharsets.UTF_8));
        } catch (GeneralSecurityException | ProviderException | JsonParseException fault) {
            // Of data too short a provider of this Java says that it is at fault itself. The cause is left out: a parser's message may quote the value.
            throw new IllegalArgumentException("a value encrypted with the key '" + id + "' is not what it was");
        }
    }

    private Cipher cipher(int mode, String id, byte[] iv) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, keys.get(id), new GCMParameterSpec(TAG_BITS, iv));
        cipher.updateAAD(id.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private static byte[] decoded(JsonObject box, String name) {
        try {
            return Base64.getDecoder().decode(text(box, name));
        } catch (IllegalArgumentException fault) {
            throw new IllegalArgumentException("'" + name + "' of an encrypted value is no base64");
        }
    }

    private static String text(JsonObject box, String name) {
        if (box.get(name) instanceof JsonPrimitive part && part.isString()) {
            return part.getAsString();
        }
        throw new IllegalArgumentException("'" + name + "' of an encrypted value is no text");
    }
}
