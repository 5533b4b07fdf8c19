// Days as numbers since 1970, as 2016-11-14 and in words: the same in every time zone and language.
// components/plotting.py writes the same words.
(() => {
  const DAY = 86400000;
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

  const dayNumber = (iso) => Date.parse(iso) / DAY; // of a day alone, which is read as UTC
  const isoDay = (number) => new Date(number * DAY).toISOString().slice(0, 10);
  // Months are counted from the year 0.
  const monthOf = (number) => {
    const date = new Date(number * DAY);
    return 12 * date.getUTCFullYear() + date.getUTCMonth();
  };
  const firstDay = (month) => Date.UTC(Math.floor(month / 12), month % 12, 1) / DAY;
  const yearOf = (number) => Math.floor(monthOf(number) / 12);

  const monthText = (month) => `${MONTHS[month % 12]} ${Math.floor(month / 12)}`;
  const dayText = (number) => `${new Date(number * DAY).getUTCDate()} ${monthText(monthOf(number))}`;

  // The day nearest to a place on a date axis, such as "2016-11-14 18:30:12.5".
  const nearestDay = (place) => dayNumber(place.slice(0, 10)) + (Number(place.slice(11, 13)) >= 12);

  window.bellwether.dates = { dayNumber, isoDay, monthOf, firstDay, yearOf, monthText, dayText, nearestDay };
})();
