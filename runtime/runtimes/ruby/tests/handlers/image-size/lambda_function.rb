require 'base64'

class ImageSize
  SIGNATURE = "\x89PNG\r\n\x1A\n".b.freeze

  def self.read(bytes)
    raise ArgumentError, 'not a PNG' unless bytes.start_with?(SIGNATURE)

    width, height = bytes.unpack('x16NN')
    { type: :png, width:, height: }
  end
end

def handler(event:, context:)
  ImageSize.read(Base64.decode64(event['image']))
end
