-- Device kinds as bits, without bit operators: what `|` is in domain/devices.ts.

function Devices.union(mask, more)
  if mask == 0 or mask == more then return more end
  for bit = 0, 4 do
    local weight = 2 ^ bit
    if floor(more / weight) % 2 == 1 and floor(mask / weight) % 2 == 0 then mask = mask + weight end
  end
  return mask
end

function Devices.without(mask, less)
  for bit = 0, 4 do
    local weight = 2 ^ bit
    if floor(less / weight) % 2 == 1 and floor(mask / weight) % 2 == 1 then mask = mask - weight end
  end
  return mask
end

function Devices.devicesInUse(held)
  if held.idle then return 0 end
  return held.idleDevices and Devices.without(held.devices, held.idleDevices) or held.devices
end
