package mesh.mistral.sdk;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Finds encrypted values within others, and puts them there. A way leads to values: names with dots between, and {@code *} for
 * every item of a list or an object, such as {@code lines.*.secret}; one that leads nowhere changes nothing.
 */
final class Sealing {
    static final String MARK = "$mistral.encrypted";
    private static final String ANY = "*";

    private Sealing() {}

    /** Returns a value with all that is encrypted inside decrypted; without a codec it stays as it is. */
    static JsonElement opened(Codec codec, JsonElement value) {
        if (codec == null) {
            return value;
        }
        if (value instanceof JsonArray list) {
            JsonArray plain = new JsonArray(list.size());
            list.forEach(item -> plain.add(opened(codec, item)));
            return plain;
        }
        if (!(value instanceof JsonObject object)) {
            return value;
        }
        if (object.size() == 1 && object.has(MARK)) {
            return codec.decrypt(object);
        }
        JsonObject plain = new JsonObject();
        object.entrySet().forEach(entry -> plain.add(entry.getKey(), opened(codec, entry.getValue())));
        return plain;
    }

    /** Returns a value with what is at the ways encrypted. */
    static JsonElement sealed(Codec codec, JsonElement value, Collection<String> ways) {
        JsonElement sealed = value;
        for (String way : ways) {
            if (codec == null) {
                throw new IllegalStateException("'" + way + "' is to be encrypted, and there is no codec");
            }
            sealed = sealed(codec, sealed, steps(way));
        }
        return sealed;
    }

    private static JsonElement sealed(Codec codec, JsonElement value, List<String> steps) {
        if (steps.isEmpty()) {
            boolean already = value instanceof JsonObject object && object.size() == 1 && object.has(MARK);
            return already ? value : codec.encrypt(value);
        }
        String step = steps.get(0);
        List<String> further = steps.subList(1, steps.size());
        if (value instanceof JsonArray list && step.equals(ANY)) {
            JsonArray copy = new JsonArray(list.size());
            list.forEach(item -> copy.add(sealed(codec, item, further)));
            return copy;
        }
        if (!(value instanceof JsonObject object)) {
            return value;
        }
        JsonObject copy = new JsonObject();
        for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
            boolean onTheWay = step.equals(ANY) || step.equals(entry.getKey());
            copy.add(entry.getKey(), onTheWay ? sealed(codec, entry.getValue(), further) : entry.getValue());
        }
        return copy;
    }

    /** Changes an input schema so that what is at the ways may arrive encrypted. */
    static JsonObject allowed(JsonObject schema, Collection<String> ways) {
        JsonObject changed = schema.deepCopy();
        ways.forEach(way -> allow(changed, steps(way)));
        return changed;
    }

    private static void allow(JsonObject schema, List<String> steps) {
        String step = steps.get(0);
        boolean any = step.equals(ANY);
        if (any && schema.has("items")) {
            put(schema, "items", steps);
        }
        if (any && schema.get("additionalProperties") instanceof JsonObject) {
            put(schema, "additionalProperties", steps);
        }
        if (schema.get("properties") instanceof JsonObject properties && properties.has(step)) {
            put(properties, step, steps);
        }
    }

    private static void put(JsonObject holder, String name, List<String> steps) {
        JsonObject inner = holder.getAsJsonObject(name);
        if (steps.size() > 1) {
            allow(inner, steps.subList(1, steps.size()));
            return;
        }
        JsonArray either = new JsonArray();
        either.add(inner);
        either.add(envelope());
        JsonObject whole = new JsonObject();
        whole.add("anyOf", either);
        holder.add(name, whole);
    }

    private static JsonObject envelope() {
        return Json.parse("{\"type\":\"object\",\"required\":[\"" + MARK + "\"],\"additionalProperties\":false,"
                        + "\"properties\":{\"" + MARK + "\":{}}}")
                .getAsJsonObject();
    }

    private static List<String> steps(String way) {
        return List.of(way.split("\\.", -1));
    }
}
