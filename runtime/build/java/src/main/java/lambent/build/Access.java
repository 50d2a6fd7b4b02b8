package lambent.build;

import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * What the generated sources do with the project's classes, whatever of them is private.
 *
 * <p>Each is a static method of the generated class `Access` that is native in its source and
 * gets its body when it is compiled to WebAssembly, where nothing is private.</p>
 */
final class Access {
    /** The generated class. */
    static final String CLASS = "lambent.generated.Access";

    /** What a method of {@link #CLASS} does. */
    enum Kind { NEW, NEW_ARRAY, CALL, GET, SET, IS, CLASS }

    /** A method of {@link #CLASS}. */
    static final class Entry {
        final Kind kind;
        final Class<?> owner;
        /** The method, constructor or field; null if there is none. */
        final Object member;

        Entry(Kind kind, Class<?> owner, Object member) {
            this.kind = kind;
            this.owner = owner;
            this.member = member;
        }

        private boolean is(Entry other) {
            return kind == other.kind && owner == other.owner && java.util.Objects.equals(member, other.member);
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    List<Entry> entries() {
        return entries;
    }

    private String name(Entry entry) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).is(entry)) {
                return "Access.a" + i;
            }
        }
        entries.add(entry);
        return "Access.a" + (entries.size() - 1);
    }

    /** Makes an object. */
    String construct(Constructor<?> constructor) {
        return name(new Entry(Kind.NEW, constructor.getDeclaringClass(), constructor));
    }

    /** Makes an array of so many objects. */
    String array(Class<?> component) {
        return name(new Entry(Kind.NEW_ARRAY, component, null));
    }

    String call(Method method) {
        return name(new Entry(Kind.CALL, method.getDeclaringClass(), method));
    }

    String get(Field field) {
        return name(new Entry(Kind.GET, field.getDeclaringClass(), field));
    }

    String set(Field field) {
        return name(new Entry(Kind.SET, field.getDeclaringClass(), field));
    }

    /** Whether something is an object of a class. */
    String is(Class<?> type) {
        return name(new Entry(Kind.IS, type, null));
    }

    /** The class itself. */
    String classOf(Class<?> type) {
        return name(new Entry(Kind.CLASS, type, null));
    }

    /** How a type is told in the sources: anything but a primitive as an object. */
    private static String shown(Class<?> type) {
        return type.isPrimitive() ? type.getName() : "Object";
    }

    /** The source of the generated class. */
    String source() {
        StringBuilder source = new StringBuilder("package lambent.generated;\n\nfinal class Access {\n");
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            StringJoiner parameters = new StringJoiner(", ", "(", ");\n");
            Class<?>[] types = parameters(entry);
            for (int p = 0; p < types.length; p++) {
                parameters.add(shown(types[p]) + " p" + p);
            }
            source.append("    static native ").append(shown(result(entry))).append(" a").append(i)
                    .append(parameters);
        }
        return source.append("}\n").toString();
    }

    /** What the method of an entry takes, the object itself first. */
    static Class<?>[] parameters(Entry entry) {
        switch (entry.kind) {
            case NEW:
                return ((Executable) entry.member).getParameterTypes();
            case NEW_ARRAY:
                return new Class<?>[] {int.class};
            case CLASS:
                return new Class<?>[0];
            case CALL:
                Method method = (Method) entry.member;
                List<Class<?>> types = new ArrayList<>(List.of(method.getParameterTypes()));
                if (!Modifier.isStatic(method.getModifiers())) {
                    types.add(0, Object.class);
                }
                return types.toArray(new Class<?>[0]);
            case SET:
                return new Class<?>[] {Object.class, ((Field) entry.member).getType()};
            default:
                return new Class<?>[] {Object.class};
        }
    }

    private static Class<?> result(Entry entry) {
        switch (entry.kind) {
            case CALL:
                return ((Method) entry.member).getReturnType();
            case GET:
                return ((Field) entry.member).getType();
            case SET:
                return void.class;
            case IS:
                return boolean.class;
            default:
                return Object.class;
        }
    }
}
