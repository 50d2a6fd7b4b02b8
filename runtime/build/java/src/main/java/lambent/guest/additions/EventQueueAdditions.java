package lambent.guest.additions;

/** TeaVM's queue asks the host to be called again; here it is asked itself. */
@Adds("org.teavm.runtime.EventQueue")
public final class EventQueueAdditions {
    private EventQueueAdditions() {
    }

    public static void interrupt() {
        // Whoever runs the handler looks into the queue.
    }
}
