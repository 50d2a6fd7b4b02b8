package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.JavaType;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Writes the source that makes JSON of objects. */
final class Writers {
    private final Rules rules;
    private final Access access;
    private final Project project;
    private final List<JavaType> types = new ArrayList<>();
    private final StringBuilder source = new StringBuilder();
    private int done;
    /** The generated class that the source is of. */
    private String owner = "Codec";
    private boolean isAnyNeeded;
    private boolean isAnyThere;

    Writers(Rules rules, Access access, Project project) {
        this.rules = rules;
        this.access = access;
        this.project = project;
    }

    /** The statement that writes an expression of a type. */
    String write(JavaType type, String value) {
        Class<?> raw = type.getRawClass();
        if (raw == void.class || raw == Void.class) {
            return "w.nothing();";
        }
        if (raw.isPrimitive()) {
            return Scalars.primitive(raw, value);
        }
        int index = types.indexOf(type);
        if (index < 0) {
            index = types.size();
            types.add(type);
        }
        return "w" + index + "(w, " + value + ");";
    }

    /** The source of all methods that the statements call. */
    String source() {
        while (done < types.size()) {
            JavaType type = types.get(done);
            source.append("    /** ").append(type.toCanonical()).append(" */\n    static void w").append(done)
                    .append("(JsonWriter w, Object value) {\n");
            done++;
            line("if (value == null) {");
            line("    w.nothing();");
            line("    return;");
            line("}");
            body(type);
            source.append("    }\n\n");
            if (done == types.size() && isAnyNeeded && !isAnyThere) {
                isAnyThere = true;
                objects();
            }
        }
        return source.toString();
    }

    /** The source that writes objects of all of the project's classes, for a class of its own. */
    String writeObjects(String name) {
        owner = name;
        isAnyThere = true;
        objects();
        return source();
    }

    private void line(String text) {
        source.append("        ").append(text).append('\n');
    }

    private void body(JavaType type) {
        Class<?> raw = type.getRawClass();
        String scalar = Scalars.written(raw, rules.isEvent());
        if (scalar != null) {
            line(scalar + "(w, value);");
        } else if (raw.isEnum()) {
            line("Values.constant(w, value);");
        } else if (type.isMapLikeType() && isTyped(type.getContentType())) {
            line("w.beginObject();");
            line("for (java.util.Map.Entry<?, ?> entry : ((java.util.Map<?, ?>) value).entrySet()) {");
            line("    if (entry.getValue() != null) {");
            line("        w.name(Values.key(entry.getKey()));");
            line("        " + write(type.getContentType(), "entry.getValue()"));
            line("    }");
            line("}");
            line("w.endObject();");
        } else if (isList(type)) {
            line("w.beginArray();");
            String items = type.isArrayType() ? "(Object[]) value" : "(Iterable<?>) value";
            line("for (Object item : " + items + ") {");
            line("    w.item();");
            line("    " + write(type.getContentType(), "item"));
            line("}");
            line("w.endArray();");
        } else if (isObject(raw)) {
            object(type);
        } else {
            isAnyNeeded = true;
            line("Values.write(w, value, " + owner + "::object);");
        }
    }

    private static boolean isList(JavaType type) {
        boolean isList = type.isCollectionLikeType() && Iterable.class.isAssignableFrom(type.getRawClass());
        return (isList || type.isArrayType()) && isTyped(type.getContentType());
    }

    /** Whether a type says how its values are written. */
    private static boolean isTyped(JavaType type) {
        return type != null && type.getRawClass() != Object.class && !type.getRawClass().isPrimitive();
    }

    /** Whether a class is written by its members. */
    private static boolean isObject(Class<?> raw) {
        return !raw.isArray() && !raw.getName().startsWith("java.") && !raw.getName().startsWith("kotlin.")
                && !Iterable.class.isAssignableFrom(raw) && !java.util.Map.class.isAssignableFrom(raw);
    }

    /** The project's classes whose objects may be where a type is named, the most special first. */
    List<Class<?>> special(Class<?> raw) {
        List<Class<?>> found = project.classes().stream()
                .filter(type -> type != raw && raw.isAssignableFrom(type) && isMade(type))
                .collect(Collectors.toList());
        found.sort((one, other) -> depth(other) - depth(one));
        return found;
    }

    private static int depth(Class<?> type) {
        int depth = 0;
        for (Class<?> above = type.getSuperclass(); above != null; above = above.getSuperclass()) {
            depth++;
        }
        return depth;
    }

    private static boolean isMade(Class<?> type) {
        return !type.isInterface() && !Modifier.isAbstract(type.getModifiers()) && !type.isSynthetic()
                && !Throwable.class.isAssignableFrom(type) && isObject(type);
    }

    private void object(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (!Modifier.isFinal(raw.getModifiers())) {
            for (Class<?> one : special(raw)) {
                line("if (" + access.is(one) + "(value)) {");
                line("    " + write(Rules.type(one), "value"));
                line("    return;");
                line("}");
            }
        }
        line("w.beginObject();");
        int index = 0;
        for (Rules.Property property : rules.written(type)) {
            String getter = property.member instanceof Method ? access.call((Method) property.member)
                    : access.get((Field) property.member);
            if (property.type.isPrimitive()) {
                line("w.name(\"" + property.name + "\");");
                line(write(property.type, getter + "(value)"));
                continue;
            }
            String member = "m" + index++;
            line("Object " + member + " = " + getter + "(value);");
            line("if (" + member + " != null) {");
            line("    w.name(\"" + property.name + "\");");
            line("    " + write(property.type, member));
            line("}");
        }
        line("w.endObject();");
    }

    /** The method that writes what is an object of one of the project's classes. */
    private void objects() {
        source.append("    static boolean object(JsonWriter w, Object value) {\n");
        for (Class<?> one : special(Object.class)) {
            if (rules.written(Rules.type(one)).isEmpty()) {
                continue;
            }
            line("if (" + access.is(one) + "(value)) {");
            line("    " + write(Rules.type(one), "value"));
            line("    return true;");
            line("}");
        }
        line("return false;");
        source.append("    }\n\n");
    }
}
