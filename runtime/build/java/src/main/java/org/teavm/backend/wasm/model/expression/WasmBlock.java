/*
 *  Copyright 2016 Alexey Andreev.
 *
 *  Licensed under the Apache License, Version 2.0 (the "License");
 *  you may not use this file except in compliance with the License.
 *  You may obtain a copy of the License at
 *
 *       http://www.apache.org/licenses/LICENSE-2.0
 *
 *  Unless required by applicable law or agreed to in writing, software
 *  distributed under the License is distributed on an "AS IS" BASIS,
 *  WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 *  See the License for the specific language governing permissions and
 *  limitations under the License.
 *
 *  Changed: a switch, and what is within the operands of a branch, are seen as ways out of a
 *  block. Without that, modules with certain nested `try` are not valid.
 */
package org.teavm.backend.wasm.model.expression;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.teavm.backend.wasm.model.WasmBlockType;
import org.teavm.backend.wasm.model.WasmType;

public class WasmBlock extends WasmExpression {
    private boolean loop;
    private List<WasmExpression> body = new ArrayList<>();
    private WasmBlockType type;

    public WasmBlock(boolean loop) {
        this.loop = loop;
    }

    public boolean isLoop() {
        return loop;
    }

    public void setLoop(boolean loop) {
        this.loop = loop;
    }

    public List<WasmExpression> getBody() {
        return body;
    }

    public WasmBlockType getType() {
        return type;
    }

    public void setType(WasmBlockType type) {
        this.type = type;
    }

    public List<? extends WasmType> getResultTypes() {
        if (type == null) {
            return Collections.emptyList();
        } else if (type instanceof WasmBlockType.Function) {
            return ((WasmBlockType.Function) type).ref.getReturnTypes();
        } else {
            return List.of(((WasmBlockType.Value) type).type);
        }
    }

    @Override
    public void acceptVisitor(WasmExpressionVisitor visitor) {
        visitor.visit(this);
    }

    @Override
    protected boolean isTerminating(Set<WasmBlock> blocks) {
        if (loop) {
            return false;
        }
        if (body.isEmpty()) {
            return false;
        }
        blocks.add(this);
        var result = body.get(body.size() - 1).isTerminating(blocks);
        if (result) {
            var breakFinder = new BreakFinder();
            breakFinder.target = this;
            acceptVisitor(breakFinder);
            if (breakFinder.found) {
                result = false;
            }
        }
        blocks.remove(this);
        return result;
    }

    private static class BreakFinder extends WasmDefaultExpressionVisitor {
        private WasmBlock target;
        private boolean found;

        @Override
        public void visit(WasmBreak expression) {
            super.visit(expression);
            if (expression.getTarget() == target) {
                found = true;
            }
        }

        @Override
        public void visit(WasmSwitch expression) {
            super.visit(expression);
            if (expression.getDefaultTarget() == target || expression.getTargets().contains(target)) {
                found = true;
            }
        }

        @Override
        public void visit(WasmBranch expression) {
            super.visit(expression);
            if (expression.getTarget() == target) {
                found = true;
            }
        }

        @Override
        public void visit(WasmNullBranch expression) {
            super.visit(expression);
            if (expression.getTarget() == target) {
                found = true;
            }
        }

        @Override
        public void visit(WasmCastBranch expression) {
            super.visit(expression);
            if (expression.getTarget() == target) {
                found = true;
            }
        }
    }
}
