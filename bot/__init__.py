"""NMT Guide: client education, pre-screen and booking hand-off for clinics that offer neuromuscular therapy."""
