package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.JavaType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the source that makes objects of JSON. */
final class Readers {
    /** What is made where only an interface is named. */
    private static final Map<String, String> COLLECTIONS = Map.of(
            "java.util.Collection", "java.util.ArrayList", "java.util.List", "java.util.ArrayList",
            "java.lang.Iterable", "java.util.ArrayList",
            "java.util.Set", "java.util.HashSet", "java.util.SortedSet", "java.util.TreeSet",
            "java.util.NavigableSet", "java.util.TreeSet", "java.util.Queue", "java.util.LinkedList",
            "java.util.Deque", "java.util.LinkedList");
    private static final Map<String, String> MAPS = Map.of(
            "java.util.Map", "java.util.LinkedHashMap", "java.util.SortedMap", "java.util.TreeMap",
            "java.util.NavigableMap", "java.util.TreeMap",
            "java.util.concurrent.ConcurrentMap", "java.util.concurrent.ConcurrentHashMap");

    private final Rules rules;
    private final Access access;
    private final List<JavaType> types = new ArrayList<>();
    private final StringBuilder source = new StringBuilder();
    private int done;

    Readers(Rules rules, Access access) {
        this.rules = rules;
        this.access = access;
    }

    /** The expression that makes a value of a type out of an expression of JSON. */
    String read(JavaType type, String json) {
        Class<?> raw = type.getRawClass();
        if (raw == void.class || raw == Void.class) {
            return "null";
        }
        String scalar = Scalars.read(raw, rules.isEvent());
        if (scalar != null) {
            return scalar + "(" + json + ")";
        }
        int index = types.indexOf(type);
        if (index < 0) {
            index = types.size();
            types.add(type);
        }
        return "r" + index + "(" + json + ")";
    }

    /** The source of all methods that the expressions call. */
    String source() {
        while (done < types.size()) {
            JavaType type = types.get(done);
            source.append("    /** ").append(comment(type)).append(" */\n    static Object r").append(done)
                    .append("(Object json) {\n");
            done++;
            body(type);
            source.append("    }\n\n");
        }
        return source.toString();
    }

    private static String comment(JavaType type) {
        return type.toCanonical().replace("*/", "");
    }

    private void line(String text) {
        source.append("        ").append(text).append('\n');
    }

    private void body(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (raw.getName().equals("java.util.Optional")) {
            JavaType content = type.getContentType() != null ? type.getContentType() : Rules.type(Object.class);
            line("return Convert.optional(" + read(content, "json") + ");");
        } else if (raw.isEnum()) {
            constant(raw);
        } else if (type.isArrayType()) {
            array(type);
        } else if (type.isCollectionLikeType() || raw == Iterable.class) {
            collection(type);
        } else if (type.isMapLikeType()) {
            map(type);
        } else if (Rules.parser(raw) != null) {
            line("String text = Convert.text(json);");
            line("return text == null || text.isEmpty() ? null : " + access.call(Rules.parser(raw)) + "(text);");
        } else {
            object(type);
        }
    }

    private void constant(Class<?> raw) {
        try {
            line("return json == null ? null : Convert.constant(json, (Object[]) "
                    + access.call(raw.getMethod("values")) + "());");
        } catch (NoSuchMethodException error) {
            throw new IllegalStateException(error);
        }
    }

    private void array(JavaType type) {
        Class<?> component = type.getContentType().getRawClass();
        line("java.util.List<Object> items = Convert.items(json);");
        line("if (items == null) {");
        line("    return null;");
        line("}");
        if (component.isPrimitive()) {
            line(component + "[] array = new " + component + "[items.size()];");
        } else {
            line("Object[] array = (Object[]) " + access.array(component) + "(items.size());");
        }
        line("for (int i = 0; i < array.length; i++) {");
        line("    array[i] = " + read(type.getContentType(), "items.get(i)") + ";");
        line("}");
        line("return array;");
    }

    private String made(Class<?> raw, Map<String, String> known) {
        String name = known.get(raw.getName());
        if (name != null) {
            return "new " + name + "<>()";
        }
        Constructor<?> constructor = constructor(raw);
        return constructor == null ? null : access.construct(constructor) + "()";
    }

    private static Constructor<?> constructor(Class<?> raw) {
        if (Modifier.isAbstract(raw.getModifiers())) {
            return null;
        }
        try {
            return raw.getDeclaredConstructor();
        } catch (NoSuchMethodException error) {
            return null;
        }
    }

    private void cannot(Class<?> raw, String why) {
        line("throw Convert.cannot(\"" + raw.getName() + "\", \"" + why + "\");");
    }

    private void collection(JavaType type) {
        String made = made(type.getRawClass(), COLLECTIONS);
        if (made == null) {
            cannot(type.getRawClass(), "it has no constructor without parameters");
            return;
        }
        JavaType content = type.getContentType() != null ? type.getContentType() : Rules.type(Object.class);
        line("java.util.List<Object> items = Convert.items(json);");
        line("if (items == null) {");
        line("    return null;");
        line("}");
        line("@SuppressWarnings(\"unchecked\")");
        line("java.util.Collection<Object> made = (java.util.Collection<Object>) (Object) " + typed(made, "Object") + ";");
        line("for (Object item : items) {");
        line("    made.add(" + read(content, "item") + ");");
        line("}");
        line("return made;");
    }

    /** The diamond needs its types where a cast hides them. */
    private static String typed(String made, String types) {
        return made.replace("<>", "<" + types + ">");
    }

    private void map(JavaType type) {
        String made = made(type.getRawClass(), MAPS);
        if (made == null) {
            cannot(type.getRawClass(), "it has no constructor without parameters");
            return;
        }
        line("java.util.Map<String, Object> members = Convert.members(\"java.util.Map\", json);");
        line("if (members == null) {");
        line("    return null;");
        line("}");
        line("@SuppressWarnings(\"unchecked\")");
        line("java.util.Map<Object, Object> made = (java.util.Map<Object, Object>) (Object) "
                + typed(made, "Object, Object") + ";");
        line("for (java.util.Map.Entry<String, Object> member : members.entrySet()) {");
        Class<?> key = type.getKeyType().getRawClass();
        String name = key == Object.class ? "member.getKey()" : read(type.getKeyType(), "member.getKey()");
        line("    made.put(" + name + ", " + read(type.getContentType(), "member.getValue()") + ");");
        line("}");
        line("return made;");
    }

    private void object(JavaType type) {
        Class<?> raw = type.getRawClass();
        Constructor<?> by = rules.constructedBy(type);
        Constructor<?> plain = rules.constructor(type);
        if (by == null && (plain == null || Modifier.isAbstract(raw.getModifiers()))) {
            cannot(raw, "it has no constructor without parameters, or is abstract");
            return;
        }
        line("java.util.Map<String, Object> members = Convert.members(\"" + raw.getName() + "\", json);");
        line("if (members == null) {");
        line("    return null;");
        line("}");
        if (by != null) {
            constructed(type, by);
        } else {
            set(type, plain);
        }
    }

    private void constructed(JavaType type, Constructor<?> by) {
        List<String> values = new ArrayList<>();
        for (Rules.Property property : rules.parameters(type, by)) {
            values.add(read(property.type, "members.get(\"" + property.name + "\")"));
        }
        line("return " + access.construct(by) + "(" + String.join(", ", values) + ");");
    }

    private void set(JavaType type, Constructor<?> plain) {
        line("Object made = " + access.construct(plain) + "();");
        List<Rules.Property> properties = rules.set(type);
        if (!properties.isEmpty()) {
            line("for (java.util.Map.Entry<String, Object> member : members.entrySet()) {");
            line("    Object value = member.getValue();");
            line("    switch (member.getKey()) {");
            for (Rules.Property property : properties) {
                String setter = property.member instanceof Method ? access.call((Method) property.member)
                        : access.set((Field) property.member);
                line("        case \"" + property.name + "\":");
                line("            " + setter + "(made, " + read(property.type, "value") + ");");
                line("            break;");
            }
            line("        default:");
            line("            break;");
            line("    }");
            line("}");
        }
        line("return made;");
    }
}
