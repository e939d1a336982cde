use std::collections::HashMap;

use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    quantity: u32,
    unit_price: u64,
}

/// The body of a new order. Unknown fields and wrong types are refused.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrder {
    customer_id: String,
    merchant_id: String,
    pub currency: String,
    items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<HashMap<String, String>>,
}

impl NewOrder {
    /// Returns the order's total, or what is wrong with it.
    pub fn check(&self) -> Result<u64, &'static str> {
        if !is_identifier(&self.customer_id) {
            return Err("customerId is not an identifier");
        }
        if !is_identifier(&self.merchant_id) {
            return Err("merchantId is not an identifier");
        }
        if self.currency.len() != 3 || !self.currency.bytes().all(|c| c.is_ascii_uppercase()) {
            return Err("currency is not a code of three letters");
        }
        if !(1..=100).contains(&self.items.len()) {
            return Err("items must have 1 to 100 entries");
        }
        if let Some(metadata) = &self.metadata {
            let is_long = |(key, value): (&String, &String)| {
                key.chars().count() > 64 || value.chars().count() > 500
            };
            if metadata.len() > 20 || metadata.iter().any(is_long) {
                return Err("metadata is too large");
            }
        }
        let mut total = 0;
        for item in &self.items {
            if !is_identifier(&item.sku) {
                return Err("sku is not an identifier");
            }
            if item
                .name
                .as_ref()
                .is_some_and(|name| name.chars().count() > 200)
            {
                return Err("name is longer than 200 characters");
            }
            if !(1..=1000).contains(&item.quantity) || item.unit_price > 1_000_000_000 {
                return Err("quantity or unitPrice is out of range");
            }
            total += u64::from(item.quantity) * item.unit_price;
        }
        Ok(total)
    }
}

fn is_identifier(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || b"._:-".contains(&c);
    (1..=64).contains(&text.len()) && text.bytes().all(is_allowed)
}
