# frozen_string_literal: true

module Lambent
  NO_PROCESSES = "the Ruby runtime has no other processes"
end

# CRuby itself would say in odd ways, or not at all, that there are none.
module Kernel
  %i[system spawn exec fork `].each do |name|
    define_method(name) { |*, **| raise Errno::ENOSYS, Lambent::NO_PROCESSES }
    module_function name
  end
end

%i[spawn exec fork].each do |name|
  Process.define_singleton_method(name) { |*, **| raise Errno::ENOSYS, Lambent::NO_PROCESSES }
end
IO.define_singleton_method(:popen) { |*, **| raise Errno::ENOSYS, Lambent::NO_PROCESSES }
