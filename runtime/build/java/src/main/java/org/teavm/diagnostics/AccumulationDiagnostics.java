package org.teavm.diagnostics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.teavm.model.CallLocation;

/**
 * TeaVM's diagnostics, in place of those of its library.
 *
 * <p>There, a method that is missing somewhere in a library ends the compilation, even if it is
 * never called. Here it is a warning: what needs it throws where it is reached, as in Java.</p>
 */
public class AccumulationDiagnostics implements Diagnostics, ProblemProvider {
    private final List<Problem> problems = new ArrayList<>();
    private final List<Problem> severe = new ArrayList<>();

    @Override
    public void error(CallLocation location, String error, Object... params) {
        if (location != null && isMissing(error)) {
            warning(location, error, params);
            return;
        }
        Problem problem = new Problem(ProblemSeverity.ERROR, location, error, params);
        problems.add(problem);
        severe.add(problem);
    }

    @Override
    public void warning(CallLocation location, String error, Object... params) {
        problems.add(new Problem(ProblemSeverity.WARNING, location, error, params));
    }

    @Override
    public List<Problem> getProblems() {
        return Collections.unmodifiableList(problems);
    }

    @Override
    public List<Problem> getSevereProblems() {
        return Collections.unmodifiableList(severe);
    }

    private static boolean isMissing(String error) {
        return error.endsWith("was not found") || error.endsWith("is not supported on current target");
    }
}
