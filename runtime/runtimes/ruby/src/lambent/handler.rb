# frozen_string_literal: true

# What `_HANDLER` names: a file, a method, and the class if the method is in one. Methods at the top
# level are called on an object of this class, whose name errors show as they do in Lambda.
class LambdaHandler
  attr_reader :file

  def self.parse(text)
    file, *names = text.split(".", -1)
    unless names.size.between?(1, 2) && [file, *names].none?(&:empty?)
      raise ArgumentError, "Invalid handler #{text.inspect}: it must be FILENAME.METHOD or FILENAME.CLASS.METHOD, " \
                           "where FILENAME.rb is a file of the package, CLASS is a module or class, and METHOD is " \
                           "a method of it, or one at the top level"
    end
    new(file, names.size == 2 ? names.first : nil, names.last)
  end

  def initialize(file, class_name, method_name)
    @file = file
    @class_name = class_name
    @method_name = method_name
  end

  def call(event, context)
    target = @class_name ? Kernel.const_get(@class_name) : self
    target.__send__(@method_name, event:, context:)
  end
end
