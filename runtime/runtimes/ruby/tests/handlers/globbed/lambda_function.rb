# Loads whatever there is beside it, as many functions do.
Dir.glob("#{__dir__}/lib/*").sort.each { |path| require path }

def handler(event:, context:)
  { sum: Adder.call(event['numbers']), files: Dir.children("#{__dir__}/lib").sort, here: Dir.glob('*').sort }
end
