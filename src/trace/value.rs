//! Values of attributes.

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Whole(i64),
    Switch(bool),
    Texts(Vec<String>),
}

/// Attributes, each with its name.
pub type Attributes = Vec<(String, Value)>;

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<u64> for Value {
    /// Numbers beyond the format's are its greatest one.
    fn from(number: u64) -> Self {
        Value::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(switch: bool) -> Self {
        Value::Switch(switch)
    }
}
