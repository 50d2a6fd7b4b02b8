package lambent.build;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.ElementModifier;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.TextLocation;
import org.teavm.model.ValueType;
import org.teavm.model.Variable;
import org.teavm.model.emit.ProgramEmitter;
import org.teavm.model.emit.ValueEmitter;
import org.teavm.model.instructions.IsInstanceInstruction;

/** Gives the methods of the generated class {@link Access} their bodies. */
final class AccessTransformer implements ClassHolderTransformer {
    private final List<Access.Entry> entries;

    AccessTransformer(Access access) {
        entries = access.entries();
    }

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        if (!owner.getName().equals(Access.CLASS)) {
            return;
        }
        for (MethodHolder method : owner.getMethods()) {
            if (method.hasModifier(ElementModifier.NATIVE)) {
                Access.Entry entry = entries.get(Integer.parseInt(method.getName().substring(1)));
                method.getModifiers().remove(ElementModifier.NATIVE);
                ProgramEmitter program = ProgramEmitter.create(method, context.getHierarchy());
                program.setCurrentLocation(new TextLocation("Access.java", 1));
                emit(entry, program, method);
            }
        }
    }

    private static void emit(Access.Entry entry, ProgramEmitter program, MethodHolder method) {
        Class<?>[] types = Access.parameters(entry);
        ValueEmitter[] values = new ValueEmitter[types.length];
        for (int i = 0; i < types.length; i++) {
            ValueEmitter value = program.var(i + 1, method.parameterType(i));
            values[i] = types[i].isPrimitive() || types[i] == Object.class ? value
                    : value.cast(ValueType.parse(types[i]));
        }
        String owner = entry.owner.getName();
        switch (entry.kind) {
            case NEW:
                program.construct(owner, values).returnValue();
                break;
            case NEW_ARRAY:
                program.constructArray(ValueType.parse(entry.owner), values[0]).returnValue();
                break;
            case CALL:
                call((Method) entry.member, program, values);
                break;
            case GET:
                Field read = (Field) entry.member;
                object(entry, values[0]).getField(read.getName(), ValueType.parse(read.getType())).returnValue();
                break;
            case SET:
                Field written = (Field) entry.member;
                object(entry, values[0]).setField(written.getName(), values[1]);
                program.exit();
                break;
            case CLASS:
                program.constant(entry.owner).returnValue();
                break;
            default:
                is(entry, program, values[0]);
                break;
        }
    }

    private static ValueEmitter object(Access.Entry entry, ValueEmitter value) {
        return value.cast(ValueType.parse(entry.owner));
    }

    private static void call(Method method, ProgramEmitter program, ValueEmitter[] values) {
        MethodReference reference = reference(method);
        ValueEmitter result;
        if (Modifier.isStatic(method.getModifiers())) {
            program.initClass(reference.getClassName());
            result = program.invoke(reference, values);
        } else {
            ValueEmitter object = values[0].cast(ValueType.parse(method.getDeclaringClass()));
            ValueEmitter[] arguments = java.util.Arrays.copyOfRange(values, 1, values.length);
            result = Modifier.isPrivate(method.getModifiers()) ? object.invokeSpecial(reference, arguments)
                    : object.invokeVirtual(reference, arguments);
        }
        if (method.getReturnType() == void.class) {
            program.exit();
        } else {
            result.returnValue();
        }
    }

    private static MethodReference reference(Method method) {
        Class<?>[] types = method.getParameterTypes();
        Class<?>[] signature = java.util.Arrays.copyOf(types, types.length + 1);
        signature[types.length] = method.getReturnType();
        return new MethodReference(method.getDeclaringClass(), method.getName(), signature);
    }

    private static void is(Access.Entry entry, ProgramEmitter program, ValueEmitter value) {
        IsInstanceInstruction test = new IsInstanceInstruction();
        test.setType(ValueType.parse(entry.owner));
        test.setValue(value.getVariable());
        Variable result = program.getProgram().createVariable();
        test.setReceiver(result);
        program.addInstruction(test);
        program.var(result, ValueType.BOOLEAN).returnValue();
    }
}
