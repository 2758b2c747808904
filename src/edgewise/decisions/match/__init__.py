"""Match two sides towards completed bookings, under capacity and availability."""
