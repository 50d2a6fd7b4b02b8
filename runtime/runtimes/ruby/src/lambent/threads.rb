# frozen_string_literal: true

require "timeout"

module Lambent
  # What `Thread.new` gives: there is one thread, so that its block has run, to its end, when this
  # is there. Locals of threads are those of its fiber.
  class Job
    attr_accessor :name, :priority, :report_on_exception, :abort_on_exception

    def initialize(arguments, block)
      @variables = {}
      @locals = {}
      @value = Fiber.new { block.call(*arguments) }.resume
    rescue StandardError, ScriptError => error
      @error = error
    end

    def join(_seconds = nil)
      raise @error if @error

      self
    end

    def value
      join
      @value
    end

    def status = @error ? nil : false

    def alive? = false

    def stop? = true

    def kill = self
    alias exit kill
    alias terminate kill
    alias wakeup kill
    alias run kill

    def [](name) = @locals[name.to_sym]

    def []=(name, value)
      @locals[name.to_sym] = value
    end

    def key?(name) = @locals.key?(name.to_sym)

    def thread_variable_get(name) = @variables[name.to_sym]

    def thread_variable_set(name, value)
      @variables[name.to_sym] = value
    end

    def is_a?(type) = type == Thread || super
    alias kind_of? is_a?
  end
end

class Thread
  class << self
    def new(*arguments, &block)
      raise ThreadError, "must be called with a block" unless block

      Lambent::Job.new(arguments, block)
    end
    alias start new
    alias fork new
  end
end

# Nothing could interrupt what takes long; the function's own limit ends it.
module Timeout
  def self.timeout(seconds, _klass = nil, _message = nil)
    yield(seconds)
  end

  def timeout(*arguments, &)
    Timeout.timeout(*arguments, &)
  end
  private :timeout
end
