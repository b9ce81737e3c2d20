//! Panics on demand, to show what they cost: in programs built with `--cfg weft_fault` alone.

/// A panic that is to come. There is none in other programs.
pub(crate) struct Fault {
    #[cfg(weft_fault)]
    message: Option<String>,
}

impl Fault {
    /// The fault of work of `plugin` at this place, which `WEFT_FAULT` names as `PLACE:PLUGIN`, with commas
    /// between several.
    #[cfg(weft_fault)]
    pub(crate) fn of(place: &str, plugin: &str) -> Self {
        let all = std::env::var("WEFT_FAULT").unwrap_or_default();
        let is_it = all.split(',').any(|it| it.split_once(':') == Some((place, plugin)));
        Self { message: is_it.then(|| format!("a fault in {place}")) }
    }

    #[cfg(not(weft_fault))]
    pub(crate) fn of(_place: &str, _plugin: &str) -> Self {
        Self {}
    }

    #[cfg(weft_fault)]
    fn is_to_come(&self) -> bool {
        self.message.is_some()
    }

    #[cfg(not(weft_fault))]
    #[expect(clippy::unused_self, reason = "it has something in programs with faults")]
    fn is_to_come(&self) -> bool {
        false
    }

    /// Panics if it is to.
    #[cfg(weft_fault)]
    #[expect(clippy::panic, reason = "that is its use")]
    pub(crate) fn strike(self) {
        if let Some(message) = self.message {
            panic!("{message}");
        }
    }

    #[cfg(not(weft_fault))]
    #[expect(clippy::unused_self, reason = "it has something in programs with faults")]
    pub(crate) fn strike(self) {}
}

/// The fault of work that goes on at once, with something locked if that is its place.
pub(crate) fn fault(place: &str, plugin: &str) {
    static LOCKED: super::Lock<()> = super::Lock::new(());
    Fault::of(place, plugin).strike();
    if place == "driver" {
        let fault = Fault::of("lock", plugin);
        // Nobody else waits for it, so that what is in flight can be answered.
        let _held = fault.is_to_come().then(|| LOCKED.lock());
        fault.strike();
    }
}
