package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.JavaType;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;

/** The sources that are generated for a handler. */
final class Sources {
    private static final String PACKAGE = "package lambent.generated;\n\n";
    private static final String ENTRY = PACKAGE
            + "import lambent.guest.Exports;\nimport org.teavm.interop.Export;\n\n"
            + "public final class Entry {\n"
            + "    public static void main(String[] arguments) {\n        Exports.use(new Handling());\n        MAPPINGS\n    }\n\n"
            + exported("lambent:function/handler@0.1.0#handle", "int handle(int event)", "return Exports.handle(event)")
            + exported("cabi_post_lambent:function/handler@0.1.0#handle", "void handled(int result)",
                    "Exports.returned()")
            + exported("lambent:runtime/initialization@0.1.0#init", "int init()", "return Exports.init()")
            + exported("cabi_post_lambent:runtime/initialization@0.1.0#init", "void initialized(int result)",
                    "Exports.returned()")
            + exported("cabi_realloc", "int allocate(int old, int oldSize, int alignment, int size)",
                    "return Exports.reallocate(old, oldSize, alignment, size)")
            + exported("cabi_realloc_adapter", "int allocateForAdapter(int old, int oldSize, int alignment, int size)",
                    "return Exports.reallocateForAdapter(old, oldSize, alignment, size)")
            + "}\n";

    private final Project project;
    private final Handler handler;
    private final Access access;

    Sources(Project project, Handler handler, Access access) {
        this.project = project;
        this.handler = handler;
        this.access = access;
    }

    private static String exported(String name, String signature, String body) {
        return "    @Export(name = \"" + name + "\")\n    public static " + signature + " {\n        " + body
                + ";\n    }\n\n";
    }

    /** The sources by the names of their classes. */
    Map<String, String> all() throws ProjectError {
        Map<String, String> sources = new LinkedHashMap<>();
        if (handler.isStream()) {
            sources.put("Handling", handling("", streamed()));
        } else {
            typed(sources);
        }
        String mappings = new Mappings(project, access).add(sources);
        sources.put("Entry", ENTRY.replace("MAPPINGS", mappings));
        sources.put("Access", access.source());
        return sources;
    }

    /** The class that handles an event. */
    private String handling(String imports, String body) throws ProjectError {
        boolean isStatic = handler.method != null && Modifier.isStatic(handler.method.getModifiers());
        String made = isStatic ? "null" : made();
        return PACKAGE + imports + "import lambent.guest.Function;\nimport lambent.guest.Invocation;\n\n"
                + "final class Handling implements Function {\n    private Object handler;\n\n"
                + "    @Override\n    public void initialize() {\n        handler = " + made + ";\n    }\n\n"
                + "    @Override\n    public byte[] handle(byte[] event, Invocation invocation) throws Throwable {\n"
                + body + "    }\n}\n";
    }

    private String made() throws ProjectError {
        try {
            return access.construct(handler.owner.getConstructor()) + "()";
        } catch (NoSuchMethodException error) {
            throw new ProjectError(handler.owner.getName() + " has no public constructor without parameters");
        }
    }

    private String streamed() {
        String call;
        if (handler.method == null) {
            call = called(method(RequestStreamHandler.class, InputStream.class, OutputStream.class, Context.class),
                    "new java.io.ByteArrayInputStream(event)", "output");
        } else {
            call = called(handler.method, "new java.io.ByteArrayInputStream(event)", "output");
        }
        return "        java.io.ByteArrayOutputStream output = new java.io.ByteArrayOutputStream();\n        " + call
                + ";\n        return output.toByteArray();\n";
    }

    private static Method method(Class<?> owner, Class<?>... types) {
        try {
            return owner.getMethod("handleRequest", types);
        } catch (NoSuchMethodException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The call of a method with as many of the arguments as it takes, and the context if it wants it. */
    private String called(Method method, String... arguments) {
        StringBuilder call = new StringBuilder(access.call(method)).append('(');
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        if (!isStatic) {
            call.append("handler");
        }
        Class<?>[] types = method.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            call.append(isStatic && i == 0 ? "" : ", ");
            call.append(types[i] == Context.class ? "invocation" : arguments[i]);
        }
        return call.append(')').toString();
    }

    private void typed(Map<String, String> sources) throws ProjectError {
        JavaType input;
        JavaType output;
        Method method = handler.method;
        if (handler.isTyped()) {
            JavaType[] types = Rules.type(handler.owner).findTypeParameters(RequestHandler.class);
            input = types.length == 2 ? types[0] : Rules.type(Object.class);
            output = types.length == 2 ? types[1] : Rules.type(Object.class);
            method = method(RequestHandler.class, Object.class, Context.class);
        } else {
            boolean hasEvent = method.getParameterCount() > 0 && method.getParameterTypes()[0] != Context.class;
            input = Rules.type(hasEvent ? method.getGenericParameterTypes()[0] : Object.class);
            output = Rules.type(method.getGenericReturnType());
        }
        Readers readers = new Readers(new Rules(input.getRawClass(), project.loader()), access);
        Writers writers = new Writers(new Rules(output.getRawClass(), project.loader()), access, project);
        String read = readers.read(input, "json");
        boolean isVoid = output.getRawClass() == void.class;
        String call = called(method, "input");
        String body = "        " + eventType(method) + " input = " + cast(method)
                + "Events.read(event, json -> Codec.read(json));\n        JsonWriter w = new JsonWriter();\n        "
                + (isVoid ? call + ";\n        w.nothing();\n"
                        : (output.isPrimitive() ? output.getRawClass().getName() : "Object") + " output = " + call
                                + ";\n        Codec.write(w, output);\n")
                + "        return w.bytes();\n";
        sources.put("Handling", handling("import lambent.guest.Events;\nimport lambent.guest.JsonWriter;\n", body));
        String result = output.isPrimitive() && !isVoid ? output.getRawClass().getName() : "Object";
        String written = writers.write(output, "output");
        sources.put("Codec", PACKAGE + "import lambent.guest.Convert;\nimport lambent.guest.JsonWriter;\n"
                + "import lambent.guest.Times;\nimport lambent.guest.Values;\n\nfinal class Codec {\n"
                + "    static Object read(Object json) {\n        return " + read + ";\n    }\n\n"
                + "    static void write(JsonWriter w, " + result + " output) {\n        " + written + "\n    }\n\n"
                + readers.source() + writers.source() + "}\n");
    }

    private static String eventType(Method method) {
        Class<?>[] types = method.getParameterTypes();
        return types.length > 0 && types[0].isPrimitive() ? types[0].getName() : "Object";
    }

    /** The cast of what was read to a primitive. */
    private static String cast(Method method) {
        String type = eventType(method);
        return type.equals("Object") ? "" : "(" + type + ") ";
    }
}
