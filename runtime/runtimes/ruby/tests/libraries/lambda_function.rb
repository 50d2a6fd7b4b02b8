# frozen_string_literal: true

# Makes requests by the standard library, each as its documentation shows it.

require 'json'
require 'net/http'
require 'open-uri'
require 'openssl'

def handler(event:, context:)
  { answer: send("by_#{event['by']}", URI(event['url'])) }
rescue StandardError => error
  { error: error.class.name, message: error.message }
end

def by_net_http(url)
  Net::HTTP.start(url.host, url.port, use_ssl: url.scheme == 'https', read_timeout: 20) do |http|
    %w[A B].map { |name| JSON.parse(http.get("#{url.path}?name=#{name}").body)['message'] }
  end
end

# What a function says of certificates is not for it to say.
def by_unverified(url)
  http = Net::HTTP.new(url.host, url.port)
  http.use_ssl = true
  http.verify_mode = OpenSSL::SSL::VERIFY_NONE
  http.get('/').code
end

def by_open_uri(url)
  answer = url.open('accept' => 'application/json', read_timeout: 20)
  [answer.status.first, JSON.parse(answer.read)['message']]
end
