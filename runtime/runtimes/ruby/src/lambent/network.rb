# frozen_string_literal: true

require "socket"

module Lambent
  # The network as functions may use it: HTTP by `wasi:http`, under everything that ends in a
  # socket of the standard library. The host makes the connections, checks the certificates, and
  # decides by the function's grants.
  module Network
    # Sent with a request whose answer may take any time.
    ANY_TIME = 0

    class << self
      # The error of what is no HTTP.
      def refusal(what)
        Errno::EPROTONOSUPPORT.new("#{what}: the Ruby runtime has HTTP alone (Net::HTTP and what is over it)")
      end

      # Sends a request; gives its status, body and fields.
      def exchange(request, origin, wait)
        milliseconds = wait ? (wait * 1000).ceil : ANY_TIME
        kind, *answer = Host.list("h", request.verb, *origin, request.target, milliseconds.to_s, request.body, *request.fields)
        raise error(kind: answer[0], message: answer[1].force_encoding(Encoding::UTF_8)) if kind == "error"

        answer
      end

      private

      def error(kind:, message:)
        case kind
        when "denied" then Errno::EACCES.new(message)
        when "name" then Socket::ResolutionError.new(message)
        when "connect" then Net::OpenTimeout.new(message)
        when "read" then Net::ReadTimeout.new
        when "refused" then Errno::ECONNREFUSED.new(message)
        when "reset" then Errno::ECONNRESET.new(message)
        when "tls" then OpenSSL::SSL::SSLError.new(message)
        else IOError.new(message)
        end
      end
    end

    # A request, as it is read of what is written to a socket.
    class Request
      LINE = %r{\A([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.[01]\z}n
      private_constant :LINE

      attr_reader :verb, :target, :fields, :body

      # The request that the bytes begin with, which are taken; none if it is not whole.
      def self.take(bytes)
        ending = bytes.index("\r\n\r\n")
        unless ending
          raise Network.refusal("bytes that are no request") if bytes.match?(/\A[^\r\n]*\r?\n/n) && !line?(bytes)

          return
        end
        request = new(bytes[0, ending])
        length = request.read_body(bytes, ending + 4)
        return unless length

        bytes.replace(bytes.byteslice(length..))
        request
      end

      def self.line?(bytes)
        LINE.match?(bytes[/\A[^\r\n]*/n])
      end

      def initialize(head)
        line, *lines = head.split("\r\n")
        _, @verb, @target = *LINE.match(line)
        raise Network.refusal("bytes that are no request") unless @verb
        raise Network.refusal("a proxy") if @verb == "CONNECT" || !@target.start_with?("/", "*")

        @fields = lines.flat_map { |field| field.split(/:[ \t]*/n, 2) }
      end

      # Reads the body from a place on; gives where it ends, or nothing if it is not there yet.
      def read_body(bytes, start)
        return read_chunks(bytes, start) if self["transfer-encoding"]&.match?(/chunked/in)

        length = self["content-length"].to_i
        @body = bytes.byteslice(start, length)
        start + length if @body.bytesize == length
      end

      def [](name)
        @fields.each_slice(2).find { |key, _| key.casecmp?(name) }&.last
      end

      private

      def read_chunks(bytes, start)
        @body = "".b
        loop do
          ending = bytes.index("\r\n", start) or return
          length = bytes.byteslice(start, ending - start).hex
          start = ending + 2 + length + 2
          return if bytes.bytesize < start
          return start if length.zero?

          @body << bytes.byteslice(ending + 2, length)
        end
      end
    end

    # The function's end of a connection. What is asked is sent once it is waited for.
    class Stream
      READ_MAX = 16 << 10
      NOT_GIVEN = %w[connection content-length keep-alive transfer-encoding].freeze
      private_constant :READ_MAX, :NOT_GIVEN

      attr_reader :host, :port
      attr_accessor :sync, :wait

      def initialize(host, port)
        @host = host.to_s.delete("[]")
        @port = port.to_i
        @written = "".b
        @answers = "".b
        @closed = false
      end

      def write(*texts)
        raise IOError, "closed stream" if @closed

        texts.sum { |text| (@written << text.to_s.b) && text.to_s.bytesize }
      end

      def write_nonblock(text, **)
        write(text)
      end
      alias syswrite write
      alias print write

      def <<(text)
        write(text)
        self
      end

      def read_nonblock(length, buffer = nil, exception: true)
        answer if @answers.empty?
        if @answers.empty?
          raise EOFError, "end of file reached" if exception

          return
        end
        piece = @answers.slice!(0, length)
        buffer ? buffer.replace(piece) : piece
      end

      def readpartial(length, buffer = nil)
        read_nonblock(length, buffer)
      end
      alias sysread readpartial
      alias recv readpartial

      def read(length = nil)
        answer while @answers.bytesize < (length || Float::INFINITY) && asked?
        @answers.slice!(0, length || @answers.bytesize)
      end

      def gets(separator = "\n")
        answer while !@answers.include?(separator) && asked?
        line = @answers.slice!(/\A.*?#{Regexp.escape(separator)}/mn)
        line || (@answers.slice!(0..) unless @answers.empty?)
      end

      def eof?
        @answers.empty? && !asked?
      end

      def wait_readable(_seconds = nil)
        self unless eof?
      end

      def wait_writable(_seconds = nil)
        self
      end

      def close
        @closed = true
        nil
      end

      def closed?
        @closed
      end

      def to_io
        self
      end

      def flush
        self
      end

      def setsockopt(*) = 0

      def remote_address = raise(Network.refusal("looking up an address"))

      private

      def asked?
        !@written.empty? && !@closed
      end

      # Sends the request that was written, and has its answer read.
      def answer
        raise IOError, "closed stream" if @closed

        request = Request.take(@written)
        return expected unless request

        @asked = true
        status, body, *fields = Network.exchange(request, origin, @wait)
        head = +"HTTP/1.1 #{status} #{Net::HTTPResponse::CODE_TO_OBJ[status]&.name.to_s.delete_prefix('Net::HTTP')}\r\n"
        fields.each_slice(2) { |name, value| head << "#{name}: #{value}\r\n" unless unsaid?(request, name) }
        head << "content-length: #{body.bytesize}\r\n" unless request.verb == "HEAD" || status.match?(/\A(1..|204|304)\z/)
        @answers << head.b << "\r\n" << body
      end

      # Lengths are those of what is given, except where nothing is.
      def unsaid?(request, name)
        NOT_GIVEN.include?(name.downcase) && !(request.verb == "HEAD" && name.casecmp?("content-length"))
      end

      # A request whose body is kept back until it is asked for.
      def expected
        raise Network.refusal("waiting for what a server says first") if @written.empty? && !@asked
        return unless @written.match?(/^expect:[ \t]*100-continue\r$/in) && @written.end_with?("\r\n\r\n")

        @answers << "HTTP/1.1 100 Continue\r\n\r\n"
      end

      # The scheme and the authority.
      def origin(scheme = "http", standard = 80)
        host = @host.include?(":") ? "[#{@host}]" : @host
        [scheme, @port == standard ? host : "#{host}:#{@port}"]
      end
    end

    # Says how long an answer may take.
    module Patient
      private

      def rbuf_fill
        @io.wait = @read_timeout if @io.is_a?(Stream)
        super
      end
    end
    Net::BufferedIO.prepend(Patient)
  end
end
