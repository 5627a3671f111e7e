package mesh.mistral.sdk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Encryption, held against the vectors that all SDKs share. */
class CodecTest {
    private static final JsonObject VECTORS = read();
    private static final AesGcmCodec CODEC = new AesGcmCodec(keys(), "2026-05");

    private static JsonObject read() {
        try {
            return Json.parse(Files.readString(Path.of("../../../tests/sdk/codec_vectors.json"))).getAsJsonObject();
        } catch (IOException fault) {
            throw new IllegalStateException(fault);
        }
    }

    private static Map<String, byte[]> keys() {
        Map<String, byte[]> keys = new HashMap<>();
        for (Map.Entry<String, JsonElement> key : VECTORS.getAsJsonObject("keys").entrySet()) {
            keys.put(key.getKey(), Base64.getDecoder().decode(key.getValue().getAsString()));
        }
        return keys;
    }

    @Test
    void valuesAreEncryptedAsTheVectorsSay() {
        for (JsonElement each : VECTORS.getAsJsonArray("values")) {
            JsonObject vector = each.getAsJsonObject();
            String plain = vector.get("plaintext").getAsString();
            JsonObject envelope = vector.getAsJsonObject("envelope");
            String iv = envelope.getAsJsonObject(Sealing.MARK).get("iv").getAsString();

            JsonObject sealed = CODEC.encrypt(
                    plain.getBytes(StandardCharsets.UTF_8),
                    vector.get("kid").getAsString(),
                    Base64.getDecoder().decode(iv));

            assertEquals(envelope, sealed, vector.get("name").getAsString());
            assertEquals(Json.parse(plain), CODEC.decrypt(envelope), vector.get("name").getAsString());
        }
    }

    @Test
    void documentsAreDecryptedWhereverTheMarkedValuesAre() {
        for (JsonElement each : VECTORS.getAsJsonArray("documents")) {
            JsonObject vector = each.getAsJsonObject();
            assertEquals(Json.text(vector.get("plain")), Json.text(Sealing.opened(CODEC, vector.get("encoded"))));
        }
    }

    @Test
    void whatWasTamperedWithIsRefusedAndNothingOfItIsSaid() {
        for (JsonElement each : VECTORS.getAsJsonArray("refused")) {
            JsonObject vector = each.getAsJsonObject();
            var fault = assertThrows(
                    IllegalArgumentException.class,
                    () -> Sealing.opened(CODEC, vector.get("envelope")),
                    vector.get("name").getAsString());
            assertFalse(fault.getMessage().contains("4111"));
        }
    }

    @Test
    void whatIsNoMarkedValueStaysAsItIs() {
        for (JsonElement each : VECTORS.getAsJsonArray("untouched")) {
            assertEquals(each, Sealing.opened(CODEC, each));
        }
    }

    @Test
    void everyValueGetsAnIvOfItsOwn() {
        JsonElement value = Json.parse("\"again\"");
        assertNotEquals(CODEC.encrypt(value), CODEC.encrypt(value));
    }

    @Test
    void waysLeadThroughObjectsAndLists() {
        JsonElement value = Json.parse("{\"a\":{\"b\":1},\"lines\":[{\"s\":\"x\",\"n\":1},{\"n\":2}]}");
        JsonElement sealed = Sealing.sealed(CODEC, value, List.of("a.b", "lines.*.s", "nowhere.at.all"));
        JsonObject lines = sealed.getAsJsonObject().getAsJsonArray("lines").get(0).getAsJsonObject();

        assertEquals(1, lines.get("n").getAsInt());
        assertEquals(List.of(Sealing.MARK), List.copyOf(lines.getAsJsonObject("s").keySet()));
        assertEquals(value, Sealing.opened(CODEC, sealed));
    }

    @Test
    void keysMustHave32BytesAndTheCurrentOneMustBeThere() {
        assertThrows(IllegalArgumentException.class, () -> new AesGcmCodec(Map.of("k", new byte[16]), "k"));
        assertThrows(IllegalArgumentException.class, () -> new AesGcmCodec(Map.of("k", new byte[32]), "other"));
        assertThrows(IllegalArgumentException.class, () -> AesGcmCodec.parse("AAAA", "k"));
    }
}
