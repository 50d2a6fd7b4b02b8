# frozen_string_literal: true

# What there is of the standard library's sockets: those that speak HTTP/1.1 as clients.
# `lambent/network` makes the requests.

class SocketError < StandardError; end

class BasicSocket < IO; end

class Socket < BasicSocket
  AF_UNSPEC = PF_UNSPEC = 0
  AF_UNIX = PF_UNIX = 1
  AF_INET = PF_INET = 2
  AF_INET6 = PF_INET6 = 10
  SOCK_STREAM = 1
  SOCK_DGRAM = 2
  SOL_SOCKET = 1
  SO_KEEPALIVE = 9
  SO_LINGER = 13
  IPPROTO_TCP = 6
  IPPROTO_UDP = 17
  TCP_NODELAY = 1
  TCP_KEEPIDLE = 4
  TCP_KEEPINTVL = 5
  TCP_KEEPCNT = 6

  # A name that is not known. The host looks names up.
  class ResolutionError < SocketError; end

  class << self
    def tcp(host, port, *, **)
      stream = TCPSocket.open(host, port)
      return stream unless block_given?

      begin
        yield stream
      ensure
        stream.close
      end
    end

    def gethostname
      "localhost"
    end

    def new(*)
      raise Lambent::Network.refusal("a socket that is not TCPSocket")
    end
    alias open new
    alias unix new
    alias pair new
    alias getaddrinfo new
    alias tcp_server_loop new
  end
end

class IPSocket < BasicSocket
  def self.getaddress(_host)
    raise Lambent::Network.refusal("looking up an address")
  end
end

class TCPSocket < IPSocket
  class << self
    def new(host, port, *, **)
      Lambent::Network::Stream.new(host, port)
    end
    alias open new
  end
end

%i[TCPServer UDPSocket UNIXSocket UNIXServer].each do |name|
  Object.const_set(name, Class.new(BasicSocket) do
    define_singleton_method(:new) { |*, **| raise Lambent::Network.refusal("a #{name}") }
    singleton_class.alias_method(:open, :new)
  end)
end

class Addrinfo
  class << self
    def tcp(*)
      raise Lambent::Network.refusal("looking up an address")
    end
    alias udp tcp
    alias getaddrinfo tcp
    alias ip tcp
    alias foreach tcp
  end
end
