package mesh.mistral.sdk;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonIOException;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.TypeAdapter;
import com.google.gson.TypeAdapterFactory;
import com.google.gson.reflect.TypeToken;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;

/** JSON in and out. Whole numbers of any size stay what they are: untyped ones become {@code Long} or {@code BigInteger}. */
public final class Json {
    private static final Gson GSON = new GsonBuilder()
            .serializeNulls()
            .disableHtmlEscaping()
            .setObjectToNumberStrategy(Json::number)
            .registerTypeAdapterFactory(new OptionalFactory())
            .registerTypeAdapter(Instant.class, new InstantAdapter().nullSafe())
            .create();

    private Json() {}

    /** Reads a text. */
    public static JsonElement parse(String text) {
        return GSON.fromJson(text, JsonElement.class);
    }

    /** Writes any value; refuses what JSON has no word for, such as NaN. */
    public static JsonElement tree(Object value) {
        try {
            return value instanceof JsonElement ready ? ready : GSON.toJsonTree(value);
        } catch (JsonIOException | IllegalArgumentException | UnsupportedOperationException fault) {
            throw new IllegalArgumentException("this is no JSON: " + fault.getMessage(), fault);
        }
    }

    /** Writes any value as text. */
    public static String text(Object value) {
        return GSON.toJson(tree(value));
    }

    /** Reads a value as a type. Fails with IllegalArgumentException when it is none. */
    public static Object as(JsonElement value, Type type) {
        try {
            return GSON.fromJson(value, type);
        } catch (JsonParseException | NumberFormatException | ArithmeticException fault) {
            throw new IllegalArgumentException(fault.getMessage(), fault);
        }
    }

    static byte[] bytes(JsonElement value) {
        return GSON.toJson(value == null ? JsonNull.INSTANCE : value).getBytes(StandardCharsets.UTF_8);
    }

    static JsonObject object(byte[] bytes) {
        JsonElement read = bytes.length == 0 ? new JsonObject() : parse(new String(bytes, StandardCharsets.UTF_8));
        return read.getAsJsonObject();
    }

    private static Number number(JsonReader in) throws IOException {
        String text = in.nextString();
        if (text.indexOf('.') >= 0 || text.indexOf('e') >= 0 || text.indexOf('E') >= 0) {
            return Double.valueOf(text);
        }
        BigInteger whole = new BigInteger(text);
        if (whole.bitLength() < Long.SIZE) {
            return whole.longValue();
        }
        return whole;
    }

    private static final class InstantAdapter extends TypeAdapter<Instant> {
        @Override
        public void write(JsonWriter out, Instant value) throws IOException {
            out.value(value.toString());
        }

        @Override
        public Instant read(JsonReader in) throws IOException {
            return Instant.parse(in.nextString());
        }
    }

    /** An Optional is its value or null. */
    private static final class OptionalFactory implements TypeAdapterFactory {
        @Override
        @SuppressWarnings("unchecked")
        public <T> TypeAdapter<T> create(Gson gson, TypeToken<T> type) {
            if (type.getRawType() != Optional.class) {
                return null;
            }
            Type inner = type.getType() instanceof ParameterizedType known ? known.getActualTypeArguments()[0] : Object.class;
            TypeAdapter<Object> adapter = (TypeAdapter<Object>) gson.getAdapter(TypeToken.get(inner));
            return (TypeAdapter<T>) new OptionalAdapter(adapter);
        }
    }

    private static final class OptionalAdapter extends TypeAdapter<Optional<Object>> {
        private final TypeAdapter<Object> inner;

        OptionalAdapter(TypeAdapter<Object> inner) {
            this.inner = inner;
        }

        @Override
        public void write(JsonWriter out, Optional<Object> value) throws IOException {
            if (value == null || value.isEmpty()) {
                out.nullValue();
            } else {
                inner.write(out, value.get());
            }
        }

        @Override
        public Optional<Object> read(JsonReader in) throws IOException {
            if (in.peek() == JsonToken.NULL) {
                in.nextNull();
                return Optional.empty();
            }
            return Optional.of(inner.read(in));
        }
    }
}
