package mesh.mistral.sdk;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the methods that are offered as actions, and calls them with an input. */
final class Methods {
    private static final Map<Class<?>, Object> ZEROS = Map.of(
            boolean.class, false, byte.class, (byte) 0, short.class, (short) 0, int.class, 0, long.class, 0L,
            float.class, 0f, double.class, 0d, char.class, '\0');

    private Methods() {}

    /** Where a parameter of a method comes from: the context, the whole input, or one part of it. */
    private record Source(String name, Type type, boolean required) {
        static final String CONTEXT = " context";
        static final String WHOLE = " whole";

        Object read(Context context, JsonObject input) {
            if (name.equals(CONTEXT)) {
                return context;
            }
            if (name.equals(WHOLE)) {
                return Json.as(input, type);
            }
            JsonElement given = input.get(name);
            if (given == null && type instanceof Class<?> raw && raw.isPrimitive()) {
                return ZEROS.get(raw);
            }
            return Json.as(given == null ? JsonNull.INSTANCE : given, type);
        }
    }

    /** Returns what an object offers: its methods with {@link Action}. */
    static List<Offered> of(Object target) {
        List<Offered> found = new ArrayList<>();
        for (Class<?> level = target.getClass(); level != null; level = level.getSuperclass()) {
            for (Method method : level.getDeclaredMethods()) {
                if (method.isAnnotationPresent(Action.class) && !method.isBridge()) {
                    found.add(offered(target, method));
                }
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException(target.getClass().getName() + " has no method with @Action");
        }
        found.sort(Comparator.comparing(Offered::name));
        return found;
    }

    private static Offered offered(Object target, Method method) {
        Action action = method.getAnnotation(Action.class);
        List<Source> sources = sources(method);
        method.setAccessible(true);
        Object receiver = Modifier.isStatic(method.getModifiers()) ? null : target;
        ActionOptions options = new ActionOptions(
                action.description(),
                action.safeRerun(),
                action.shared(),
                action.concurrency(),
                Arrays.asList(action.encrypt()));
        return new Offered(action.value(), options, schema(sources), (context, input) -> {
            Object[] arguments = new Object[sources.size()];
            for (int at = 0; at < arguments.length; at++) {
                arguments[at] = sources.get(at).read(context, input);
            }
            return call(method, receiver, arguments);
        });
    }

    private static Object call(Method method, Object receiver, Object[] arguments) throws Exception {
        try {
            return method.invoke(receiver, arguments);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw (Error) thrown.getCause();
        }
    }

    private static List<Source> sources(Method method) {
        List<Parameter> values = Arrays.stream(method.getParameters())
                .filter(each -> each.getType() != Context.class)
                .toList();
        boolean whole = values.size() == 1 && takesWhole(values.get(0));
        List<Source> sources = new ArrayList<>();
        for (Parameter parameter : method.getParameters()) {
            sources.add(source(method, parameter, whole));
        }
        return sources;
    }

    private static Source source(Method method, Parameter parameter, boolean whole) {
        Type type = parameter.getParameterizedType();
        if (parameter.getType() == Context.class) {
            return new Source(Source.CONTEXT, type, true);
        }
        if (whole) {
            return new Source(Source.WHOLE, type, true);
        }
        Param said = parameter.getAnnotation(Param.class);
        boolean required = (said == null || said.required()) && parameter.getType() != Optional.class;
        if (said != null && !said.value().isEmpty()) {
            return new Source(said.value(), type, required);
        }
        if (!parameter.isNamePresent()) {
            throw new IllegalArgumentException("the parameters of " + method.getDeclaringClass().getName() + "."
                    + method.getName() + " have no names: compile with -parameters, or name them by @Param");
        }
        return new Source(parameter.getName(), type, required);
    }

    private static boolean takesWhole(Parameter parameter) {
        Class<?> raw = parameter.getType();
        boolean shaped = raw.isRecord() || Map.class.isAssignableFrom(raw) || raw == JsonObject.class;
        return shaped && !parameter.isAnnotationPresent(Param.class);
    }

    private static JsonObject schema(List<Source> sources) {
        JsonObject schema = Schemas.closedObject();
        for (Source source : sources) {
            if (source.name().equals(Source.WHOLE)) {
                return Schemas.of(source.type());
            }
            if (!source.name().equals(Source.CONTEXT)) {
                Schemas.property(schema, source.name(), source.type(), source.required());
            }
        }
        return schema;
    }
}
