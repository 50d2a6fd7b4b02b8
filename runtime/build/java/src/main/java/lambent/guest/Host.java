package lambent.guest;

import org.teavm.interop.Import;

/** `context` of `lambent:function/types`, in the canonical ABI. */
final class Host {
    private static final String MODULE = "lambent:function/types@0.1.0";

    private Host() {
    }

    @Import(name = "[method]context.invocation-id", module = MODULE)
    static native void invocationId(int context, int result);

    @Import(name = "[method]context.namespace", module = MODULE)
    static native void namespace(int context, int result);

    @Import(name = "[method]context.function", module = MODULE)
    static native void function(int context, int result);

    @Import(name = "[method]context.version", module = MODULE)
    static native void version(int context, int result);

    @Import(name = "[method]context.deadline", module = MODULE)
    static native long deadline(int context);

    @Import(name = "[method]context.memory-limit", module = MODULE)
    static native long memoryLimit(int context);

    @Import(name = "[method]context.attribute", module = MODULE)
    static native void attribute(int context, int name, int length, int result);

    @Import(name = "[resource-drop]context", module = MODULE)
    static native void drop(int context);
}
