# frozen_string_literal: true

require "openssl"
require "lambent/network"

# OpenSSL's interface to TLS, which CRuby for WebAssembly is built without: the host makes TLS, with
# the authorities that it trusts, and what is set here is kept and not used.
module OpenSSL
  module SSL
    VERIFY_NONE = 0
    VERIFY_PEER = 1
    VERIFY_FAIL_IF_NO_PEER_CERT = 2
    VERIFY_CLIENT_ONCE = 4
    OP_ALL = 0x80000850
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x02000000
    OP_NO_TLSv1 = 0x04000000
    OP_NO_TLSv1_1 = 0x10000000
    OP_NO_COMPRESSION = 0x00020000
    SSL3_VERSION = 0x0300
    TLS1_VERSION = 0x0301
    TLS1_1_VERSION = 0x0302
    TLS1_2_VERSION = 0x0303
    TLS1_3_VERSION = 0x0304

    class SSLError < OpenSSLError; end

    class SSLErrorWaitReadable < SSLError
      include IO::WaitReadable
    end

    class SSLErrorWaitWritable < SSLError
      include IO::WaitWritable
    end

    module SocketForwarder; end

    # What a library wants of TLS.
    class SSLContext
      SESSION_CACHE_OFF = 0
      SESSION_CACHE_CLIENT = 1
      SESSION_CACHE_SERVER = 2
      SESSION_CACHE_BOTH = 3
      SESSION_CACHE_NO_INTERNAL_STORE = 0x200
      METHODS = %i[TLS TLS_client TLSv1_2 TLSv1_2_client].freeze
      DEFAULT_PARAMS = { verify_mode: VERIFY_PEER, verify_hostname: true }.freeze

      attr_accessor :cert, :key, :ca_file, :ca_path, :cert_store, :verify_mode, :verify_hostname, :verify_callback,
                    :verify_depth, :timeout, :ssl_timeout, :ciphers, :ciphersuites, :min_version, :max_version,
                    :ssl_version, :options, :security_level, :session_cache_mode, :session_new_cb, :extra_chain_cert,
                    :alpn_protocols, :client_ca, :client_cert_cb, :renegotiation_cb, :servername_cb

      def initialize(version = nil)
        @ssl_version = version
        @verify_mode = VERIFY_PEER
        @verify_hostname = true
      end

      def set_params(params = {})
        params.each { |name, value| public_send(:"#{name}=", value) }
        params
      end

      def setup = true
    end

    # The function's end of a connection with TLS.
    class SSLSocket < Lambent::Network::Stream
      attr_accessor :hostname, :sync_close, :session
      attr_reader :context

      def self.open(host, port, context: nil)
        new(TCPSocket.open(host, port), context)
      end

      def initialize(stream, context = nil)
        super(stream.host, stream.port)
        @context = context
        raise Lambent::Network.refusal("a certificate of the client's") if context&.cert || context&.key
      end

      def connect = self

      def connect_nonblock(**) = self

      def post_connection_check(_name) = true

      def ssl_version = "TLSv1.3"

      def cipher = ["of the host", ssl_version, 256, 256]

      def peer_cert = nil

      def alpn_protocol = nil

      def sysclose = close

      private

      def origin = super("https", 443)
    end
  end
end
