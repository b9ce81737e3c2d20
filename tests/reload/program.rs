//! `weft-lite run` while files change, as whoever runs it sees it.
