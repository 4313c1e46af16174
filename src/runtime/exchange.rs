//! A request and what it gets, between a listener and whoever owns the state. Knows neither sockets nor objects, and is the
//! same on every system.

/// A request, whole.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: String,
    /// Path and query, as they came.
    pub target: String,
    /// In lower case, each with its value.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The first header of a name (given in lower case), empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
}

/// What a request gets. `W` is what the answer goes on from.
#[derive(Debug)]
pub struct Answer<W> {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// What is needed to go on; `None` for an answer that is whole.
    pub more: Option<W>,
}

/// What the owner of the state is asked.
pub enum Question<'a, W> {
    Request(&'a Asked),
    /// What has come to an answer that goes on. Only body and `more` of what is answered are looked at.
    More(&'a Asked, W),
}
