package mesh.mistral.sdk;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.annotations.SerializedName;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** JSON Schemas of Java types; what has no schema of its own takes anything. */
final class Schemas {
    private static final Map<Class<?>, long[]> RANGES = Map.of(
            byte.class, new long[] {Byte.MIN_VALUE, Byte.MAX_VALUE},
            Byte.class, new long[] {Byte.MIN_VALUE, Byte.MAX_VALUE},
            short.class, new long[] {Short.MIN_VALUE, Short.MAX_VALUE},
            Short.class, new long[] {Short.MIN_VALUE, Short.MAX_VALUE},
            int.class, new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE},
            Integer.class, new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE},
            long.class, new long[] {Long.MIN_VALUE, Long.MAX_VALUE},
            Long.class, new long[] {Long.MIN_VALUE, Long.MAX_VALUE});
    private static final Set<Class<?>> NUMBERS =
            Set.of(float.class, Float.class, double.class, Double.class, BigDecimal.class, Number.class);

    private Schemas() {}

    /** Begins an object schema that takes no other properties than those put into it. */
    static JsonObject closedObject() {
        JsonObject schema = named("object");
        schema.add("properties", new JsonObject());
        schema.addProperty("additionalProperties", false);
        return schema;
    }

    /** Adds a property to an object schema. */
    static void property(JsonObject schema, String name, Type type, boolean required) {
        property(schema, name, type, required, new HashSet<>());
    }

    private static void property(JsonObject schema, String name, Type type, boolean required, Set<Type> above) {
        boolean needed = required && raw(type) != Optional.class;
        JsonObject inner = of(type, new HashSet<>(above));
        schema.getAsJsonObject("properties").add(name, needed || isPrimitive(type) ? inner : nullable(inner));
        if (needed) {
            if (!schema.has("required")) {
                schema.add("required", new JsonArray());
            }
            schema.getAsJsonArray("required").add(name);
        }
    }

    static JsonObject of(Type type) {
        return of(type, new HashSet<>());
    }

    private static JsonObject of(Type type, Set<Type> above) {
        if (type instanceof GenericArrayType array) {
            return list(array.getGenericComponentType(), above);
        }
        Class<?> raw = raw(type);
        if (raw == Optional.class) {
            return nullable(of(argument(type, 0), above));
        }
        if (Collection.class.isAssignableFrom(raw)) {
            return list(argument(type, 0), above);
        }
        if (raw.isArray()) {
            return list(raw.getComponentType(), above);
        }
        if (Map.class.isAssignableFrom(raw)) {
            JsonObject schema = named("object");
            schema.add("additionalProperties", of(argument(type, 1), above));
            return schema;
        }
        return raw.isRecord() ? record(raw, above) : scalar(raw);
    }

    private static JsonObject scalar(Class<?> raw) {
        long[] range = RANGES.get(raw);
        if (range != null) {
            JsonObject schema = named("integer");
            schema.addProperty("minimum", range[0]);
            schema.addProperty("maximum", range[1]);
            return schema;
        }
        if (raw == BigInteger.class) {
            return named("integer");
        }
        if (NUMBERS.contains(raw)) {
            return named("number");
        }
        if (raw == boolean.class || raw == Boolean.class) {
            return named("boolean");
        }
        if (raw.isEnum()) {
            return choices(raw);
        }
        boolean text = CharSequence.class.isAssignableFrom(raw) || raw == UUID.class || raw == Instant.class;
        return text ? named("string") : raw == JsonObject.class ? named("object") : new JsonObject();
    }

    private static JsonObject choices(Class<?> raw) {
        JsonArray names = new JsonArray();
        for (Object constant : raw.getEnumConstants()) {
            names.add(Json.tree(constant).getAsString());
        }
        JsonObject schema = new JsonObject();
        schema.add("enum", names);
        return schema;
    }

    private static JsonObject record(Class<?> raw, Set<Type> above) {
        // A record within itself: what is deeper is not looked into.
        if (!above.add(raw)) {
            return named("object");
        }
        JsonObject schema = closedObject();
        for (RecordComponent component : raw.getRecordComponents()) {
            Param param = component.getAnnotation(Param.class);
            boolean required = param == null || param.required();
            property(schema, nameOf(raw, component), component.getGenericType(), required, above);
        }
        return schema;
    }

    private static String nameOf(Class<?> raw, RecordComponent component) {
        try {
            SerializedName said = raw.getDeclaredField(component.getName()).getAnnotation(SerializedName.class);
            return said == null ? component.getName() : said.value();
        } catch (NoSuchFieldException fault) {
            throw new IllegalStateException("a record without the field of its component", fault);
        }
    }

    private static JsonObject list(Type of, Set<Type> above) {
        JsonObject schema = named("array");
        schema.add("items", of(of, above));
        return schema;
    }

    private static JsonObject nullable(JsonObject schema) {
        if (schema.isEmpty() || schema.has("anyOf")) {
            return schema;
        }
        JsonArray either = new JsonArray();
        either.add(schema);
        either.add(named("null"));
        JsonObject whole = new JsonObject();
        whole.add("anyOf", either);
        return whole;
    }

    private static boolean isPrimitive(Type type) {
        return type instanceof Class<?> raw && raw.isPrimitive();
    }

    private static JsonObject named(String type) {
        JsonObject schema = new JsonObject();
        schema.addProperty("type", type);
        return schema;
    }

    static Class<?> raw(Type type) {
        if (type instanceof Class<?> known) {
            return known;
        }
        if (type instanceof ParameterizedType known) {
            return (Class<?>) known.getRawType();
        }
        return type instanceof WildcardType wild ? raw(wild.getUpperBounds()[0]) : Object.class;
    }

    private static Type argument(Type type, int index) {
        return type instanceof ParameterizedType known ? known.getActualTypeArguments()[index] : Object.class;
    }
}
