package lambent.build;

import java.util.Set;
import lambent.guest.Checks;
import org.teavm.model.BasicBlock;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.Instruction;
import org.teavm.model.MethodDescriptor;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.ValueType;
import org.teavm.model.instructions.InvocationType;
import org.teavm.model.instructions.InvokeInstruction;

/** Asks boxed numbers whether they are numbers by static methods; TeaVM takes the boxes for the numbers. */
final class NumberTransformer implements ClassHolderTransformer {
    private static final Set<String> OWNERS = Set.of("java.lang.Double", "java.lang.Float");
    private static final Set<String> NAMES = Set.of("isNaN", "isInfinite");

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        for (MethodHolder method : owner.getMethods()) {
            if (method.getProgram() == null) {
                continue;
            }
            for (BasicBlock block : method.getProgram().getBasicBlocks()) {
                for (Instruction instruction : block) {
                    if (instruction instanceof InvokeInstruction) {
                        replace((InvokeInstruction) instruction);
                    }
                }
            }
        }
    }

    private static void replace(InvokeInstruction call) {
        MethodReference called = call.getMethod();
        if (call.getInstance() == null || !OWNERS.contains(called.getClassName())
                || !NAMES.contains(called.getName()) || called.parameterCount() != 0) {
            return;
        }
        call.setType(InvocationType.SPECIAL);
        call.setMethod(new MethodReference(Checks.class.getName(), new MethodDescriptor(called.getName(),
                ValueType.object("java.lang.Number"), ValueType.BOOLEAN)));
        call.setArguments(call.getInstance());
        call.setInstance(null);
    }
}
