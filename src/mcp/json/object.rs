//! An object that keeps its members in the order in which they were sent.

use super::Json;

/// Members in order. Few enough in practice that a linear search beats a hash.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Trusts the caller that no key stands twice; the parser checks before it calls.
    pub(super) fn from_members(members: Vec<(String, Json)>) -> Self {
        Self(members)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The member `key` as text.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Sets `key`: in its place if it is there, else at the end. Returns what stood there.
    pub fn insert(&mut self, key: &str, value: impl Into<Json>) -> Option<Json> {
        let value = value.into();
        match self.get_mut(key) {
            Some(place) => Some(std::mem::replace(place, value)),
            None => {
                self.0.push((key.to_owned(), value));
                None
            }
        }
    }

    /// Takes `key` out, keeping the order of the rest.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let index = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(index).1)
    }

    /// The object under `key`, made if it is missing or is no object.
    pub fn object_mut(&mut self, key: &str) -> &mut Self {
        if !matches!(self.get(key), Some(Json::Object(_))) {
            self.insert(key, Self::new());
        }
        let place = self.get_mut(key).and_then(Json::as_object_mut);
        place.expect("the member was set to an object just above")
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Json)> {
        self.0.iter_mut().map(|(key, value)| (key.as_str(), value))
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Json> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Keeps the members for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }

    /// See [`Json::to_value`].
    pub fn to_value(&self) -> serde_json::Value {
        let members = self.0.iter().map(|(key, value)| (key.clone(), value.to_value()));
        serde_json::Value::Object(members.collect())
    }
}

impl FromIterator<(String, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Json)>>(members: I) -> Self {
        let mut object = Self::new();
        for (key, value) in members {
            object.insert(&key, value);
        }
        object
    }
}

impl<const N: usize> From<[(&str, Json); N]> for Object {
    fn from(members: [(&str, Json); N]) -> Self {
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl IntoIterator for Object {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
