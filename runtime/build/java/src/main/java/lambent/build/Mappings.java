package lambent.build;

import com.amazonaws.lambda.thirdparty.com.fasterxml.jackson.databind.JavaType;
import java.util.List;
import java.util.Map;

/** Generates what Gson and Jackson do with the project's classes, if the project has these libraries. */
final class Mappings {
    private final Project project;
    private final Access access;

    Mappings(Project project, Access access) {
        this.project = project;
        this.access = access;
    }

    /** Adds the sources; returns the statement that says that they are there. */
    String add(Map<String, String> sources) {
        boolean isGson = project.has("com.google.gson.Gson");
        boolean isJackson = project.has("com.fasterxml.jackson.databind.ObjectMapper");
        if (isGson) {
            sources.put("GsonMapping", source("GsonMapping", Rules.ofGson()));
        }
        if (isJackson) {
            sources.put("JacksonMapping", source("JacksonMapping", Rules.ofJackson()));
        }
        return "lambent.guest.Mapping.use(" + (isGson ? "new GsonMapping()" : "null") + ", "
                + (isJackson ? "new JacksonMapping()" : "null") + ");";
    }

    private String source(String name, Rules rules) {
        Readers readers = new Readers(rules, access);
        Writers writers = new Writers(rules, access, project);
        StringBuilder known = new StringBuilder();
        StringBuilder read = new StringBuilder();
        List<Class<?>> classes = writers.special(Object.class);
        for (Class<?> one : classes) {
            JavaType type = Rules.type(one);
            if (rules.written(type).isEmpty() && rules.set(type).isEmpty()) {
                continue;
            }
            String test = "type == " + access.classOf(one) + "()";
            known.append("        if (").append(test).append(") {\n            return true;\n        }\n");
            read.append("        if (").append(test).append(") {\n            return ")
                    .append(readers.read(type, "json")).append(";\n        }\n");
        }
        String written = writers.writeObjects(name);
        return "package lambent.generated;\n\nimport lambent.guest.Convert;\nimport lambent.guest.JsonWriter;\n"
                + "import lambent.guest.Times;\nimport lambent.guest.Values;\n\n"
                + "final class " + name + " extends lambent.guest.Mapping {\n"
                + "    @Override\n    protected boolean knows(Class<?> type) {\n" + known
                + "        return false;\n    }\n\n"
                + "    @Override\n    protected Object object(Class<?> type, Object json) {\n" + read
                + "        return null;\n    }\n\n"
                + "    @Override\n    public boolean write(JsonWriter w, Object value) {\n        return object(w, value);\n    }\n\n"
                + readers.source() + written + "}\n";
    }
}
