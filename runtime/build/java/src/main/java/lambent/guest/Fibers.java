package lambent.guest;

import org.teavm.runtime.EventQueue;
import org.teavm.runtime.Fiber;

/** Runs what may sleep or wait for threads, which take turns. */
final class Fibers {
    private Fibers() {
    }

    /** What is run. */
    interface Task {
        byte[] run() throws Throwable;
    }

    /** What became of a task. */
    private static final class State {
        boolean isDone;
        byte[] result;
        Throwable thrown;
    }

    /** Runs a task to its end. */
    static byte[] run(Task task) throws Throwable {
        State state = new State();
        Fiber.start(() -> {
            try {
                state.result = task.run();
            } catch (Throwable thrown) {
                state.thrown = thrown;
            }
            state.isDone = true;
        }, true);
        while (!state.isDone) {
            long wait = EventQueue.processSingle();
            if (wait < 0 && !state.isDone) {
                throw new IllegalStateException(
                        "the handler waits for something that no thread is going to do");
            }
            if (wait > 0 && !state.isDone) {
                Preview1.sleep(wait);
            }
        }
        if (state.thrown != null) {
            throw state.thrown;
        }
        return state.result;
    }
}
