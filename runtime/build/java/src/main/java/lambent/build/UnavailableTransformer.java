package lambent.build;

import java.util.HashSet;
import java.util.Set;
import org.teavm.diagnostics.Problem;
import org.teavm.diagnostics.ProblemProvider;
import org.teavm.interop.Import;
import org.teavm.model.AnnotationHolder;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.ElementModifier;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.emit.ProgramEmitter;

/**
 * Makes throw what the class library has for other targets than this one: methods whose body is
 * native and made by a browser, or by another back end, such as those of reflection.
 */
final class UnavailableTransformer implements ClassHolderTransformer {
    private static final String MARK = " is native but has no ";
    /** Modules of imports that a browser has. */
    private static final Set<String> BROWSER = Set.of("teavm", "teavmDate", "teavmJso");
    /** Their natives are instructions. */
    private static final Set<String> INSTRUCTIONS = Set.of("java.lang.Double", "java.lang.Float", "java.lang.System");

    private final Set<MethodReference> methods = new HashSet<>();

    /** Whether a problem is that a method has no body. */
    static boolean isUnavailable(Problem problem) {
        return problem.getText().contains(MARK);
    }

    /** The method of such a problem. */
    static MethodReference method(Problem problem) {
        return (MethodReference) problem.getParams()[0];
    }

    /** Takes the methods that turned out to have no body; whether there were any. */
    boolean addAll(ProblemProvider problems) {
        boolean isNew = false;
        for (Problem problem : problems.getSevereProblems()) {
            isNew |= isUnavailable(problem) && methods.add(method(problem));
        }
        return isNew;
    }

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        for (MethodHolder method : owner.getMethods()) {
            if (method.hasModifier(ElementModifier.NATIVE)
                    && (methods.contains(method.getReference()) || isOfBrowser(owner, method))) {
                method.getModifiers().remove(ElementModifier.NATIVE);
                method.getAnnotations().remove(Import.class.getName());
                ProgramEmitter program = ProgramEmitter.create(method, context.getHierarchy());
                String message = method.getReference() + " is not available in WebAssembly";
                program.construct(UnsupportedOperationException.class, program.constant(message)).raise();
            }
        }
    }

    private static boolean isOfBrowser(ClassHolder owner, MethodHolder method) {
        AnnotationHolder imported = method.getAnnotations().get(Import.class.getName());
        return imported != null && owner.getName().startsWith("java.") && !INSTRUCTIONS.contains(owner.getName())
                && imported.getValue("module") != null && BROWSER.contains(imported.getValue("module").getString());
    }
}
