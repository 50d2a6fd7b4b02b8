package lambent.build;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.teavm.callgraph.CallGraphNode;
import org.teavm.callgraph.CallSite;
import org.teavm.diagnostics.DefaultProblemTextConsumer;
import org.teavm.diagnostics.Problem;
import org.teavm.diagnostics.ProblemSeverity;
import org.teavm.model.CallLocation;
import org.teavm.model.MethodReference;
import org.teavm.model.TextLocation;
import org.teavm.vm.TeaVM;

/** What TeaVM found wrong, told with the method of the project that needs what is missing. */
final class Problems {
    private static final int SHOWN_MAX = 20;
    private static final int NAMES_MAX = 4;

    private final TeaVM vm;
    private final Project project;

    Problems(TeaVM vm, Project project) {
        this.vm = vm;
        this.project = project;
    }

    /** Throws if there is something without which nothing was compiled. */
    void fail() throws ProjectError {
        List<Problem> severe = vm.getProblemProvider().getSevereProblems();
        if (!severe.isEmpty()) {
            throw new ProjectError(severe.stream().map(problem -> text(problem) + needed(problem)).distinct()
                    .limit(SHOWN_MAX).collect(Collectors.joining("\n")));
        }
    }

    /**
     * What is missing, by the methods of the project that may come to need it; what only libraries
     * name, in what the project does not call, is not worth a word.
     */
    void collect(Map<String, Set<String>> missing) {
        for (Problem problem : vm.getProblemProvider().getProblems()) {
            boolean isSevere = problem.getSeverity() == ProblemSeverity.ERROR;
            String user = user(problem);
            if (user != null && (!isSevere || UnavailableTransformer.isUnavailable(problem))) {
                missing.computeIfAbsent(user, key -> new LinkedHashSet<>()).add(name(problem));
            }
        }
    }

    /** The warnings of what is missing. */
    static List<String> warnings(Map<String, Set<String>> missing) {
        List<String> lines = new ArrayList<>();
        missing.forEach((user, names) -> {
            String shown = names.stream().limit(NAMES_MAX).collect(Collectors.joining(", "));
            int more = names.size() - NAMES_MAX;
            lines.add("warning: " + user + " may come to need " + shown + (more > 0 ? " and " + more + " more" : "")
                    + ", which WebAssembly has not; it throws an error if it does");
        });
        return lines;
    }

    /** What is missing: a class, a method or a field. */
    private static String name(Problem problem) {
        Object missing = problem.getParams()[0];
        if (missing instanceof MethodReference) {
            MethodReference method = (MethodReference) missing;
            return method.getClassName() + "." + method.getName();
        }
        return String.valueOf(missing);
    }

    private static String text(Problem problem) {
        DefaultProblemTextConsumer text = new DefaultProblemTextConsumer();
        problem.render(text);
        return text.getText();
    }

    private String needed(Problem problem) {
        String user = user(problem);
        return user == null ? "" : ", which " + user + " needs";
    }

    /** The nearest method of the project that is or calls what needs it; null if there is none. */
    private String user(Problem problem) {
        CallLocation location = problem.getLocation();
        if (location == null || location.getMethod() == null) {
            return null;
        }
        MethodReference direct = location.getMethod();
        return project.owns(direct.getClassName()) ? shown(direct, location.getSourceLocation()) : nearest(direct);
    }

    private String nearest(MethodReference from) {
        Deque<CallGraphNode> queue = new ArrayDeque<>();
        Set<MethodReference> seen = new HashSet<>();
        CallGraphNode first = vm.getDependencyInfo().getCallGraph().getNode(from);
        if (first != null) {
            queue.add(first);
        }
        while (!queue.isEmpty()) {
            CallGraphNode node = queue.remove();
            for (CallSite site : node.getCallerCallSites()) {
                for (CallGraphNode caller : site.getCallers()) {
                    if (project.owns(caller.getMethod().getClassName())) {
                        Collection<? extends TextLocation> locations = site.getLocations(caller);
                        return shown(caller.getMethod(), locations.isEmpty() ? null : locations.iterator().next());
                    }
                    if (seen.add(caller.getMethod())) {
                        queue.add(caller);
                    }
                }
            }
        }
        return null;
    }

    private static String shown(MethodReference method, TextLocation location) {
        String name = method.getClassName() + "." + method.getName();
        if (location == null || location.getFileName() == null) {
            return name;
        }
        String file = location.getFileName();
        return name + " (" + file.substring(file.lastIndexOf('/') + 1) + ":" + location.getLine() + ")";
    }
}
