//! Panics on demand, to show what they cost: in programs built with `--cfg weft_fault` alone.

/// A panic that may come, in programs built for it. It is empty in others.
pub(crate) struct Fault {
    #[cfg(weft_fault)]
    message: Option<String>,
}

impl Fault {
    /// The fault of `plugin` at this place. `WEFT_FAULT` names faults as `PLACE:PLUGIN`, with commas between
    /// several.
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
    fn is_set(&self) -> bool {
        self.message.is_some()
    }

    /// Panics if this fault was asked for.
    #[cfg(weft_fault)]
    #[expect(clippy::panic, reason = "that is its use")]
    pub(crate) fn trigger(self) {
        if let Some(message) = self.message {
            panic!("{message}");
        }
    }

    #[cfg(not(weft_fault))]
    #[expect(clippy::unused_self, reason = "it has something in programs with faults")]
    pub(crate) fn trigger(self) {}
}

/// Panics at once if `WEFT_FAULT` names this place and plugin.
pub(crate) fn fault(place: &str, plugin: &str) {
    Fault::of(place, plugin).trigger();
}

/// Two faults around a lock: `lock` panics while it holds one, `needs-lock` waits for the lost one.
#[cfg(weft_fault)]
pub(crate) async fn lock_fault(plugin: &str) {
    static LOCKED: super::Lock<()> = super::Lock::new(());
    if Fault::of("needs-lock", plugin).is_set() {
        while !super::lock::is_any_lost() {
            futures_lite::future::yield_now().await;
        }
        drop(LOCKED.lock());
    }
    let fault = Fault::of("lock", plugin);
    let _held = fault.is_set().then(|| LOCKED.lock());
    fault.trigger();
}

#[cfg(not(weft_fault))]
pub(crate) async fn lock_fault(_plugin: &str) {}
