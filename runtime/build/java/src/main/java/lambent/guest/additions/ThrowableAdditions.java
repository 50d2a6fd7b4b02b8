package lambent.guest.additions;

import org.teavm.runtime.ExceptionHandling;

/** Traces, whose first frame TeaVM takes from what was on the stack before. */
@Adds("java.lang.Throwable")
public final class ThrowableAdditions {
    private static Object last;

    private ThrowableAdditions() {
    }

    @Adds.Instance
    public static Throwable fillInStackTrace(Throwable self) {
        // A call by which this frame says where it is.
        last = new Object[1];
        self.setStackTrace(ExceptionHandling.fillStackTrace());
        return self;
    }
}
