package lambent.build;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import lambent.guest.additions.Adds;
import org.teavm.interop.Import;
import org.teavm.interop.SupportedOn;
import org.teavm.interop.UnsupportedOn;
import org.teavm.model.AccessLevel;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.ElementModifier;
import org.teavm.model.MethodDescriptor;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.TextLocation;
import org.teavm.model.ValueType;
import org.teavm.model.emit.ProgramEmitter;
import org.teavm.model.emit.ValueEmitter;

/** Adds to TeaVM's class library the methods that it lacks, and replaces those that do nothing. */
final class AdditionsTransformer implements ClassHolderTransformer {
    /** The classes with {@link Adds}, by the name of what they add to. */
    private final Map<String, Class<?>> additions = new HashMap<>();

    AdditionsTransformer() {
        for (Class<?> addition : lambent.guest.additions.All.CLASSES) {
            additions.put(addition.getAnnotation(Adds.class).value(), addition);
        }
    }

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        Class<?> addition = additions.get(owner.getName());
        if (addition == null) {
            return;
        }
        if (addition.getAnnotation(Adds.class).isConstructedEmpty()) {
            owner.getMethods().stream().filter(method -> method.getName().endsWith("init>"))
                    .forEach(constructor -> empty(owner, constructor, context));
        }
        for (Method method : addition.getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers()) && !method.isSynthetic()) {
                add(owner, method, context);
            }
        }
    }

    private static void empty(ClassHolder owner, MethodHolder constructor, ClassHolderTransformerContext context) {
        ProgramEmitter program = ProgramEmitter.create(constructor, context.getHierarchy());
        if (constructor.getName().equals("<init>")) {
            program.var(0, ValueType.object(owner.getName())).invokeSpecial(Object.class, "<init>");
        }
        program.exit();
    }

    private static void add(ClassHolder owner, Method method, ClassHolderTransformerContext context) {
        boolean isStatic = !method.isAnnotationPresent(Adds.Instance.class);
        ValueType[] types = types(method);
        ValueType[] signature = isStatic ? types : java.util.Arrays.copyOfRange(types, 1, types.length);
        MethodDescriptor descriptor = new MethodDescriptor(method.getName(), signature);
        MethodHolder target = owner.getMethod(descriptor);
        if (target == null) {
            target = new MethodHolder(descriptor);
            target.setLevel(AccessLevel.PUBLIC);
            if (isStatic) {
                target.getModifiers().add(ElementModifier.STATIC);
            }
            owner.addMethod(target);
        }
        target.getModifiers().remove(ElementModifier.NATIVE);
        target.getModifiers().remove(ElementModifier.ABSTRACT);
        target.getAnnotations().remove(Import.class.getName());
        target.getAnnotations().remove(SupportedOn.class.getName());
        target.getAnnotations().remove(UnsupportedOn.class.getName());
        ProgramEmitter program = ProgramEmitter.create(target, context.getHierarchy());
        // Without a place, traces name the one of something else.
        program.setCurrentLocation(new TextLocation(owner.getName() + ".java", 1));
        ValueEmitter[] values = new ValueEmitter[types.length - 1];
        for (int i = 0; i < values.length; i++) {
            values[i] = program.var(isStatic ? i + 1 : i, types[i]);
        }
        MethodReference called = new MethodReference(method.getDeclaringClass().getName(),
                new MethodDescriptor(method.getName(), types));
        ValueEmitter result = program.invoke(called, values);
        if (method.getReturnType() == void.class) {
            program.exit();
        } else {
            result.returnValue();
        }
    }

    /** The types of the parameters, and of the result at the end. */
    private static ValueType[] types(Method method) {
        Class<?>[] parameters = method.getParameterTypes();
        ValueType[] types = new ValueType[parameters.length + 1];
        for (int i = 0; i < parameters.length; i++) {
            types[i] = ValueType.parse(parameters[i]);
        }
        types[parameters.length] = ValueType.parse(method.getReturnType());
        return types;
    }
}
