package lambent.build;

import java.text.DecimalFormat;
import lambent.guest.Checks;
import org.teavm.model.BasicBlock;
import org.teavm.model.ClassHolder;
import org.teavm.model.ClassHolderTransformer;
import org.teavm.model.ClassHolderTransformerContext;
import org.teavm.model.Instruction;
import org.teavm.model.MethodHolder;
import org.teavm.model.MethodReference;
import org.teavm.model.instructions.InvocationType;
import org.teavm.model.instructions.InvokeInstruction;

/** Makes `%.2f` round half up, as in Java; TeaVM rounds half to even. */
final class RoundingTransformer implements ClassHolderTransformer {
    private static final MethodReference HALF_UP =
            new MethodReference(Checks.class, "halfUp", DecimalFormat.class, int.class, void.class);

    @Override
    public void transformClass(ClassHolder owner, ClassHolderTransformerContext context) {
        if (!owner.getName().startsWith("java.util.Formatter")) {
            return;
        }
        for (MethodHolder method : owner.getMethods()) {
            if (method.getName().equals("formatFloat")) {
                for (BasicBlock block : method.getProgram().getBasicBlocks()) {
                    for (Instruction instruction : block) {
                        round(instruction);
                    }
                }
            }
        }
    }

    private static void round(Instruction instruction) {
        if (!(instruction instanceof InvokeInstruction)) {
            return;
        }
        InvokeInstruction call = (InvokeInstruction) instruction;
        if (call.getMethod().getName().equals("setMaximumFractionDigits")) {
            InvokeInstruction rounding = new InvokeInstruction();
            rounding.setType(InvocationType.SPECIAL);
            rounding.setMethod(HALF_UP);
            rounding.setArguments(call.getInstance(), call.getArguments().get(0));
            rounding.setLocation(call.getLocation());
            call.insertPrevious(rounding);
        }
    }
}
