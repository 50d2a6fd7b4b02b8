# frozen_string_literal: true

# What waits for streams is part of IO itself. CRuby for WebAssembly has no library of that name,
# which `net/protocol` asks for.
