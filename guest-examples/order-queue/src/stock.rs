use lambent_sdk::Failure;
use serde::{Deserialize, Serialize};

use crate::Order;

/// How many orders are remembered for each item. An order that is delivered again because
/// an answer was lost comes soon.
const REMEMBERED: usize = 100;

/// The stock of an item.
#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Stock {
    left: u32,
    /// The last orders that were taken from the stock. They are in the same value as the
    /// count, so that both change or neither does.
    #[serde(default)]
    orders: Vec<String>,
}

/// Returns the stock after an order. The order is taken from it once, however often it is
/// delivered.
///
/// # Errors
/// Fails if there is no such item, or not enough of it.
pub fn take(stock: Option<&[u8]>, order: &Order, id: &str) -> Result<Vec<u8>, Failure> {
    let Order { item, count } = order;
    let unknown =
        || Failure::new("UnknownItem", format!("there is no item {item:?}")).retry_never();
    let mut stock: Stock = serde_json::from_slice(stock.ok_or_else(unknown)?)?;
    if !stock.orders.iter().any(|known| known == id) {
        let left = stock.left;
        stock.left = left.checked_sub(*count).ok_or_else(|| {
            Failure::new("OutOfStock", format!("{count} of {item:?} were ordered, {left} are left"))
        })?;
        stock.orders.push(id.to_owned());
        let forgotten = stock.orders.len().saturating_sub(REMEMBERED);
        stock.orders.drain(..forgotten);
    }
    Ok(serde_json::to_vec(&stock)?)
}

#[cfg(test)]
mod tests {
    use lambent_sdk::Retry;

    use super::*;

    fn order(count: u32) -> Order {
        Order { item: "lamp".into(), count }
    }

    #[test]
    fn an_order_is_taken_once_however_often_it_comes() {
        let stock = take(Some(br#"{"left": 5}"#), &order(2), "a").unwrap();
        assert_eq!(stock, br#"{"left":3,"orders":["a"]}"#);
        assert_eq!(take(Some(&stock), &order(2), "a").unwrap(), stock);
        assert_eq!(
            take(Some(&stock), &order(3), "b").unwrap(),
            br#"{"left":0,"orders":["a","b"]}"#
        );
    }

    #[test]
    fn only_so_many_orders_are_remembered() {
        let mut stock = br#"{"left": 1000}"#.to_vec();
        for id in 0..=REMEMBERED {
            stock = take(Some(&stock), &order(1), &id.to_string()).unwrap();
        }
        let stock: Stock = serde_json::from_slice(&stock).unwrap();
        assert_eq!((stock.orders.len(), &*stock.orders[0]), (REMEMBERED, "1"));
    }

    #[test]
    fn what_is_out_of_stock_may_be_tried_again_and_what_is_unknown_not() {
        let failure = take(Some(br#"{"left": 1}"#), &order(2), "a").unwrap_err();
        assert_eq!((&*failure.kind, failure.retry), ("OutOfStock", Retry::Policy));
        let failure = take(None, &order(2), "a").unwrap_err();
        assert_eq!((&*failure.kind, failure.retry), ("UnknownItem", Retry::Never));
    }
}
