require 'bigdecimal'
require 'bigdecimal/util'
require 'json'

VAT = BigDecimal('0.19')

# Adds up an invoice to the cent.
def handler(event:, context:)
  net = event['positions'].sum(0.to_d) { |position| position['price'].to_d * position['count'] }
  tax = (net * VAT).round(2, half: :even)
  share = (net + tax).div(event['payers'], 20)
  {
    net: net.to_s('F'), tax: tax.to_s('F'), gross: (net + tax).to_f, share: share,
    cents: ((net + tax) * 100).to_i, root: BigDecimal('2').sqrt(10).round(10).to_s
  }
end
