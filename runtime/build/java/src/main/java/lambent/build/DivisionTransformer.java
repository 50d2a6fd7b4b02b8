package lambent.build;

import lambent.guest.Checks;
import org.teavm.model.BasicBlock;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.Instruction;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.Program;
import org.teavm.model.Variable;
import org.teavm.model.instructions.BinaryInstruction;
import org.teavm.model.instructions.BinaryOperation;
import org.teavm.model.instructions.InvocationType;
import org.teavm.model.instructions.InvokeInstruction;
import org.teavm.model.instructions.NumericOperandType;

/** Makes a division by zero throw, as in Java; TeaVM leaves it to the processor, which would trap. */
final class DivisionTransformer implements ClassHolderTransformer {
    private static final MethodReference INT = new MethodReference(Checks.class, "divisor", int.class, int.class);
    private static final MethodReference LONG = new MethodReference(Checks.class, "divisor", long.class, long.class);

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        String name = owner.getName();
        // The class library and what surrounds the function look at their divisors themselves.
        if (name.startsWith("java.") || name.startsWith("org.teavm.") || name.startsWith("lambent.")) {
            return;
        }
        for (MethodHolder method : owner.getMethods()) {
            if (method.getProgram() != null) {
                transform(method.getProgram());
            }
        }
    }

    private static void transform(Program program) {
        for (BasicBlock block : program.getBasicBlocks()) {
            for (Instruction instruction : block) {
                if (instruction instanceof BinaryInstruction && isDivision((BinaryInstruction) instruction)) {
                    check(program, (BinaryInstruction) instruction);
                }
            }
        }
    }

    private static boolean isDivision(BinaryInstruction instruction) {
        BinaryOperation operation = instruction.getOperation();
        NumericOperandType type = instruction.getOperandType();
        return (operation == BinaryOperation.DIVIDE || operation == BinaryOperation.MODULO)
                && (type == NumericOperandType.INT || type == NumericOperandType.LONG);
    }

    private static void check(Program program, BinaryInstruction division) {
        Variable checked = program.createVariable();
        InvokeInstruction call = new InvokeInstruction();
        call.setType(InvocationType.SPECIAL);
        call.setMethod(division.getOperandType() == NumericOperandType.INT ? INT : LONG);
        call.setArguments(division.getSecondOperand());
        call.setReceiver(checked);
        call.setLocation(division.getLocation());
        division.insertPrevious(call);
        division.setSecondOperand(checked);
    }
}
