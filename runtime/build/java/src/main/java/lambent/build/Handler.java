package lambent.build;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The handler of a function. */
final class Handler {
    private static final String METHOD = "handleRequest";

    final Class<?> owner;
    /** What is called; null if it is the method of {@link RequestHandler} or {@link RequestStreamHandler}. */
    final Method method;

    private Handler(Class<?> owner, Method method) {
        this.owner = owner;
        this.method = method;
    }

    boolean isTyped() {
        return method == null && RequestHandler.class.isAssignableFrom(owner);
    }

    /** Whether it reads and writes streams. */
    boolean isStream() {
        if (method == null) {
            return !isTyped();
        }
        return method.getParameterCount() > 1 && method.getParameterTypes()[0] == InputStream.class
                && method.getParameterTypes()[1] == OutputStream.class;
    }

    /** The handler of a project that is named so, or its only one. */
    static Handler find(Project project, String name) throws ProjectError {
        if (name != null) {
            return named(project, name);
        }
        List<Class<?>> found = project.classes().stream().filter(Handler::isHandler).collect(Collectors.toList());
        if (found.isEmpty()) {
            throw new ProjectError("no class of the project is a handler: none implements RequestHandler or "
                    + "RequestStreamHandler of com.amazonaws.services.lambda.runtime and can be constructed; "
                    + "if the handler is a method of another class, name it: --function example.Orders::handle");
        }
        if (found.size() > 1) {
            String names = found.stream().map(one -> "\n  --function " + one.getName() + "::" + METHOD)
                    .collect(Collectors.joining());
            throw new ProjectError("the project has " + found.size() + " handlers; say which is to be built:" + names);
        }
        return checked(found.get(0), null);
    }

    private static boolean isHandler(Class<?> type) {
        return !type.isInterface() && !Modifier.isAbstract(type.getModifiers()) && !type.isAnonymousClass()
                && implementsHandler(type);
    }

    private static boolean implementsHandler(Class<?> type) {
        return RequestHandler.class.isAssignableFrom(type) || RequestStreamHandler.class.isAssignableFrom(type);
    }

    private static Handler named(Project project, String name) throws ProjectError {
        String[] parts = name.split("::", 2);
        Class<?> owner = project.load(parts[0]);
        if (implementsHandler(owner) && (parts.length == 1 || parts[1].equals(METHOD))) {
            return checked(owner, null);
        }
        String wanted = parts.length == 1 ? METHOD : parts[1];
        List<Method> found = Arrays.stream(owner.getMethods())
                .filter(method -> method.getName().equals(wanted) && !method.isBridge() && isCallable(method))
                .collect(Collectors.toList());
        if (found.isEmpty()) {
            throw new ProjectError(owner.getName() + " has no public method " + wanted + " that takes an event, "
                    + "and a Context if it wants one");
        }
        // Lambda takes the one with the most parameters.
        found.sort((one, other) -> other.getParameterCount() - one.getParameterCount());
        return checked(owner, found.get(0));
    }

    private static boolean isCallable(Method method) {
        Class<?>[] types = method.getParameterTypes();
        int count = types.length;
        if (count > 1 && types[0] == InputStream.class && types[1] == OutputStream.class) {
            return count == 2 || count == 3 && types[2] == Context.class;
        }
        return count < 2 || count == 2 && types[1] == Context.class;
    }

    private static Handler checked(Class<?> owner, Method method) throws ProjectError {
        if (method != null && Modifier.isStatic(method.getModifiers())) {
            return new Handler(owner, method);
        }
        if (Modifier.isAbstract(owner.getModifiers()) || owner.getEnclosingClass() != null
                && !Modifier.isStatic(owner.getModifiers())) {
            throw new ProjectError(owner.getName() + " cannot be constructed: it is abstract, or belongs to an "
                    + "object of another class; name a class of its own");
        }
        try {
            owner.getConstructor();
        } catch (NoSuchMethodException error) {
            throw new ProjectError(owner.getName() + " has no public constructor without parameters, as a handler "
                    + "of Lambda must; add one");
        }
        return new Handler(owner, method);
    }
}
